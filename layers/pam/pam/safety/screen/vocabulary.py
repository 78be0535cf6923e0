"""The words that the strict rules read, by class, in the languages that the screen is trained for.

Words are in lower case and without accents, as `normalise` returns them. `*` at the end stands for any ending.
"""

from functools import lru_cache

_CLASSES = {
    # What is done to instructions
    "V": (
        "ignor* disregard* forget forgets forgetting override* overriding overwrite* bypass* neglect* discard* "
        "drop abandon* dismiss* unlearn* omit* erase* overlook* nullif* void* supersede* suspend* violate* "
        "missacht* vergiss vergesst vergessen ubergeh* verwirf* verwerfen uberschreib* umgeh* loschen losche "
        "beachte oublie* oubliez oublier negligez neglige* contourn* outrepass* ignorez annule* olvid* ignora* "
        "descart* omite* omitir anula* salta* desestim* pasa desprecia* desobedec* esquec* desconsider* "
        "desrespeit* contorn* burla* dimentic* scord* tralascia* trascur* aggira* scarta* scavalca* negeer* "
        "vergeet vergeten omzeil* overschrijf* sla"
    ),
    # Which came before, or come from PAM
    "P": (
        "previous prior preceding above earlier before former foregoing initial original existing current past all "
        "any every these those your other system developer safety given received built default vorherig* vorige "
        "vorigen bisherig* obig* fruher* vorangehend* vorangegangen* ursprunglich* alle allen samtlich* deine "
        "deinen ihre ihren zuvor precedent* anterieur* initial* tous toutes vos tes votre ton ta ci dessus avant "
        "origine anterior* previ* inicial* todas todos tus tu sus arriba antes original* suas seus tuas teus sua "
        "acima prior* iniziali iniziale tutte tutti tue tuoi sue sopra prima voorgaande eerdere bovenstaande "
        "oorspronkelijke je jouw uw"
    ),
    # Instructions
    "I": (
        "instruction* prompt prompts rule rules guideline* directive* directions constraint* restriction* "
        "programming training policies policy protocol* command commands context orders guardrail* safeguard* "
        "limitation* anweisung* regel regeln vorgabe* richtlinie* instruktion* befehl* beschrankung* systemprompt "
        "consigne* regle regles instruccion* regla reglas directriz directrices indicacion* ordenes restriccion* "
        "instruc* regra regras diretriz* orden* ordens restric* comando comandos istruzion* regola regole "
        "direttiv* linee ordini restrizion* comandi instructie* regels richtlijn* voorschrift* opdracht* "
        "beperking*"
    ),
    # Whose
    "G": (
        "your yuor ur deine deinen deiner ihre ihren ihrer ton ta tes votre vos tu tus su sus seu seus sua suas "
        "teu teus tua tuas tuo tue tuoi jouw je uw"
    ),
    # What PAM is told, without what travellers ask of parks, such as rules
    "J": (
        "instruction* prompt* directive* guideline* programming configuration guidance anweisung* vorgabe* "
        "instruktion* systemprompt consigne* instruccion* directriz directrices indicacion* instruc* diretriz* "
        "istruzion* direttiv* instructie* richtlijn* richtlinie*"
    ),
    # To say something
    "R": (
        "reveal* show print* repeat* output* display* tell give list leak* dump* copy expose* disclose* recite* "
        "translate* summarise* summarize* quote* write echo paste return describe explain share spell encode state "
        "read what whats verrate* zeig* nenne* wiederhol* gib gebt drucke* ubersetz* offenbar* enthull* schreib* "
        "sag was revele* montre* affiche* repete* donne* ecri* imprime* tradui* dis dites quel* recopie* revela* "
        "muestra* mostra* repite* repit* dime diga imprim* escrib* traduc* cual dame copia* repet* diz imprima "
        "escrev* traduz* quais qual rivela* ripet* dimmi stampa* scriv* tradu* quali elenca* toon herhaal* vertel "
        "geef onthul* schrijf* vertaal* wat druk"
    ),
    # What belongs to PAM's configuration
    "S": (
        "system initial hidden secret internal original confidential developer base starting underlying private "
        "full exact complete entire verbatim systemprompt versteckt* geheim* intern* ursprunglich* vollstandig* "
        "systeme cachee* secret* interne* complet* sistema ocult* nascost* segret* verborgen geheime interne "
        "volledige"
    ),
    # A prompt, whatever comes with it
    "M": "prompt prompts preprompt systemprompt metaprompt",
    # What the message's text is
    "T": (
        "words text everything sentence* content* message* lines paragraph* conversation above alles woorter "
        "worter tout texte todo texto tudo tutto testo tekst woorden"
    ),
    # Modes
    "O": (
        "developer dev god dan jailbreak jailbroken admin administrator root sudo unrestricted uncensored "
        "unfiltered opposite override evil chaos unsafe entwickler* desarrollador administrador developpeur "
        "administrateur desenvolvedor sviluppatore amministratore ontwikkelaars* beheerder* onbeperkte"
    ),
    "D": "mode modus modo modalita modes",
    # Absence
    "W": (
        "no without zero lacks never ohne keine keinerlei kein sans aucun aucune sin ningun* sem nenhum* senza "
        "nessun* zonder geen"
    ),
    # What is to be absent
    "L": (
        "restriction* rules limit limits limitation* filter filters guideline* ethic* moral* censorship "
        "constraint* boundar* safeguard* guardrail* disclaimer* warning* beschrankung* einschrankung* regeln "
        "grenzen limite* regles filtres restriccion* reglas filtros restric* regras restrizion* regole filtri "
        "beperking* regels"
    ),
    # A persona
    "A": (
        "act pretend roleplay role simulate simulating become behave persona character impersonate play "
        "spiele spiel tu agis joue fais actua finge* imagina* aja finja interprete agisci fingi recita doe speel "
        "gedraag verhalte* tue"
    ),
    "Y": "you u du sie ihr dich tu vous usted voce lei je jij",
    # To switch off
    "X": (
        "disable* deactivate* remove* circumvent* evade* bypass* disarm* unlock* override* turn switch skip lift "
        "deaktivier* umgeh* entfern* ausschalt* schalte desactive* supprim* leve desactiv* elimin* quita desativ* "
        "remov* desliga* disattiv* disabilit* rimuov* schakel verwijder* deactiveer* zet"
    ),
    "F": (
        "safety filter filters restriction* security guardrail* safeguard* moderation confirmation confirmations "
        "censorship limits limitations check checks validation authorization authentication sicherheits* "
        "sicherheit bestatigung* securite filtres confirmation* seguridad filtros confirmacion* seguranca "
        "confirmac* sicurezza filtri conferm* beveiliging* bevestiging* veiligheid*"
    ),
    # What is nobody's to see
    "K": (
        "key keys apikey credentials credential env environment passwords token tokens secrets jwt hash database "
        "schema tables schlussel zugangsdaten datenbank passworter cles identifiants motsdepasse base claves "
        "contrasenas credenciales chaves senhas credenciais chiavi credenziali sleutels wachtwoorden"
    ),
    "N": "api secret private admin environment other access aws anthropic openai database master",
    # Other people
    "U": (
        "users user customers customer accounts account travelers travellers members people benutzer* nutzer* "
        "kunden konten utilisateur* clients comptes usuario* clientes cuentas contas utenti clienti conti "
        "gebruiker* klanten"
    ),
    "E": (
        "other another all every everyone anyone different somebody someone each andere* aller anderer autres "
        "autre tous otro* otros todos outro* outros altri altro tutti andere alle"
    ),
    "Q": (
        "data expenses emails email messages locations location passwords information info records addresses "
        "details budgets trips conversations history daten ausgaben nachrichten standorte donnees depenses "
        "positions datos gastos mensajes ubicacion* dados despesas mensagens localizac* dati spese messaggi "
        "posizion* gegevens uitgaven berichten locaties"
    ),
}


_PREFIX_LENGTH = 2
"""Beginnings of words are looked up by their first letters; none is shorter."""


def _compile() -> tuple[dict[str, str], dict[str, tuple[tuple[str, str], ...]]]:
    """Return the classes of whole words, and the beginnings of words with their classes, by their first letters."""
    words: dict[str, str] = {}
    beginnings: dict[str, dict[str, str]] = {}
    for name, listed in _CLASSES.items():
        for word in listed.split():
            table, entry = words, word
            if word.endswith("*"):
                table, entry = beginnings.setdefault(word[:_PREFIX_LENGTH], {}), word[:-1]
            if name not in table.get(entry, ""):
                table[entry] = table.get(entry, "") + name
    return words, {prefix: tuple(table.items()) for prefix, table in beginnings.items()}


_WORDS, _BEGINNINGS = _compile()


@lru_cache(maxsize=8192)
def classes_of(word: str) -> str:
    """Return the letters of a word's classes."""
    found = _WORDS.get(word, "")
    for beginning, classes in _BEGINNINGS.get(word[:_PREFIX_LENGTH], ()):
        if word.startswith(beginning):
            found += classes
    return found
