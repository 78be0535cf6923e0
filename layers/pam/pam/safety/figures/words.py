"""The words of units, in English and in the languages of the countries that PAM supports.

Currencies aren't here: `pam.money.currency_marks` knows their marks. A word that is spelled the same in several
languages stands once.
"""

from pam.safety.figures.figure import (
    CELSIUS,
    CENTIMETRES,
    COUNT,
    DAYS,
    FAHRENHEIT,
    FEET,
    GALLONS,
    HOURS,
    INCHES,
    KILOGRAMS,
    KILOMETRES,
    KMH,
    LITRES,
    LITRES_PER_100KM,
    METRES,
    METRES_PER_SECOND,
    MILES,
    MILLIMETRES,
    MINUTES,
    MPG,
    MPH,
    PERCENT,
    POUNDS,
    SHORT_TONS,
    TIME,
    TONNES,
    WEEKS,
    YARDS,
    Hedge,
    Measure,
)

_WORDS: dict[Measure, str] = {
    MILES: "mi mile miles Meile Meilen milla millas mille milles miglio miglia milha milhas mijl mijlen",
    KILOMETRES: "km kms kilometer kilometers kilometre kilometres kilómetro kilómetros kilomètre kilomètres "
    "chilometro chilometri quilômetro quilômetros quilómetro quilómetros",
    METRES: "m meter meters metre metres metro metros mètre mètres metri",
    FEET: "ft foot feet Fuß Fuss pie pies pied pieds piede piedi pé pés voet",
    INCHES: "inch inches Zoll pulgada pulgadas pouce pouces pollice pollici polegada polegadas",
    YARDS: "yd yds yard yards",
    CENTIMETRES: "cm centimeter centimeters centimetre centimetres Zentimeter centímetro centímetros centimètre "
    "centimètres centimetro centimetri",
    MILLIMETRES: "mm millimeter millimeters millimetre millimetres Millimeter milímetro milímetros millimètre "
    "millimètres millimetro millimetri",
    GALLONS: "gal gals gallon gallons Gallone Gallonen galón galones galloni gallone galão galões",
    LITRES: "l L liter liters litre litres Liter litro litros litri",
    KILOGRAMS: "kg kgs kilo kilos kilogram kilograms Kilogramm kilogramo kilogramos kilogramme kilogrammes "
    "chilogrammo chilogrammi",
    POUNDS: "lb lbs pound pounds Pfund libra libras livre livres libbra libbre pond",
    TONNES: "tonne tonnes Tonne Tonnen tonelada toneladas tonnellata tonnellate",
    SHORT_TONS: "ton tons",
    MPH: "mph",
    KMH: "km/h kmh kph km/u",
    METRES_PER_SECOND: "m/s",
    FAHRENHEIT: "°F ºF F Fahrenheit",
    CELSIUS: "°C ºC C Celsius",
    MPG: "mpg",
    LITRES_PER_100KM: "l/100 L/100",
    PERCENT: "% percent Prozent pct porcento procent",
    MINUTES: "min mins minute minutes Minute Minuten minuto minutos minuti minuut minuten",
    HOURS: "h hr hrs hour hours Stunde Stunden Std hora horas heure heures ora ore uur uren",
    DAYS: "day days night nights Tag Tage Tagen Nacht Nächte Nächten día días dia dias noche noches noite noites jour "
    "jours nuit nuits giorno giorni notte notti dag dagen nacht nachten",
    WEEKS: "week weeks Woche Wochen semana semanas semaine semaines settimana settimane weken",
    TIME: "am pm a.m p.m AM PM A.M P.M Uhr",
    COUNT: "expense expenses refund refunds purchase purchases transaction transactions charge charges fill-up "
    "fill-ups fillup fillups campground campgrounds park parks",
}

UNITS: dict[str, tuple[Measure, ...]] = {
    word: (measure,) for measure, words in _WORDS.items() for word in words.split()
} | dict.fromkeys(("°", "º", "degree", "degrees", "Grad", "grado", "grados", "degrés"), (FAHRENHEIT, CELSIUS))
"""What each word means; degrees without a scale are of either."""

UNITS |= {word.casefold(): meanings for word, meanings in UNITS.items() if len(word) > 1}

MULTIPLIERS = {
    "k": 1e3, "K": 1e3, "thousand": 1e3, "Tsd": 1e3, "Tausend": 1e3, "tausend": 1e3, "mil": 1e3, "mila": 1e3,
    "million": 1e6, "millions": 1e6, "Million": 1e6, "Millionen": 1e6, "millón": 1e6, "millones": 1e6,
}  # fmt: skip
"""Words between a number and its unit that multiply it."""

PER_WORDS = {
    "gal": "gallon gal Gallone galón galão gallone",
    "l": "liter litre litro l L Liter",
    "mi": "mile mi Meile milla",
    "km": "kilometer kilometre km Kilometer kilómetro kilomètre",
    "day": "day night Tag Nacht día noche jour nuit giorno notte dia noite dag nacht",
    "week": "week Woche semana semaine settimana",
    "month": "month Monat mes mois mese mês maand",
    "year": "year Jahr año an anno ano jaar",
}
PERIODS = {word: unit for unit, words in PER_WORDS.items() for word in words.split()}
"""The units and periods that follow “a” or “per”."""

_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
NUMBER_WORDS = {word: value for value, word in enumerate(_NUMBERS.split(" "), start=2)}
"""English words for numbers; “one” isn't among them, since “one day” is rarely a figure."""

_HEDGE_PHRASES = {
    Hedge.OVER: "just over,little over,well over,over,above,more than,at least,gut,über,mehr als,plus de,más de,"
    "mais de,più di,ruim,meer dan",
    Hedge.UNDER: "just under,little under,under,below,less than,nearly,almost,close to,knapp,fast,unter,weniger als,"
    "moins de,presque,près de,menos de,casi,quase,meno di,quasi,bijna,minder dan",
    Hedge.ABOUT: "about,around,roughly,approximately,approx.,some,circa,ca.,rund,etwa,ungefähr,environ,unos,"
    "alrededor de,cerca de,ongeveer",
}
HEDGES = {phrase: hedge for hedge, phrases in _HEDGE_PHRASES.items() for phrase in phrases.split(",")}
"""Words before a figure that make it approximate, of one or two words."""

HEDGE_ENDS = frozenset(phrase.rsplit(" ", 1)[-1] for phrase in HEDGES)
