"""A year of conversations of the demo traveller: the rig, the dogs, places and habits. All of it is made up."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.postgres import Connection

_ANSWER_DELAY = timedelta(seconds=8)
_NEXT_QUESTION = timedelta(minutes=3)

# Days ago, and questions with their answers.
_CONVERSATIONS = (
    (352, ("We picked up the motorhome today. It is a 2015 E-450, 29 feet, and we call it The motorhome for now.",
           "Congratulations. At 29 feet you fit most national park sites, though some in older loops stop at 27."),
          ("Remember that we travel with two dogs, Biscuit and Juniper.",
           "Got it: two dogs, Biscuit and Juniper. I'll look for places that take them.")),
    (339, ("How do we keep the fresh water hose from freezing tonight?",
           "Fill the tank, disconnect and drain the hose, and run on the tank and the pump until the morning.")),
    (325, ("Biscuit ate something in the desert and the vet in Quartzsite charged us a lot. She is fine now.",
           "I'm glad that she is fine. Keep the receipt, some insurances pay for accidental ingestion.")),
    (311, ("The house batteries are down to 11.9 volts every morning, is that normal?",
           "No. For lead-acid that is about 40 % of charge. Check for a parasitic load; or the batteries are worn."),
          ("They are from 2017. We think we replace them with lithium.",
           "At that age it is worth it. You need a charger with a lithium profile, and a limit on the alternator.")),
    (298, ("We ordered two 100 Ah lithium batteries, they come to the mail place in Tucson next week.",
           "Good. Ask the mail place whether they accept hazardous goods, lithium is marked as such.")),
    (281, ("Lithium is in. The solar panel brings 14 amps at noon now.",
           "That is about what 200 W on a flat roof gives in February.")),
    (262, ("We didn't like the campground near Sedona, the highway kept us awake all night.",
           "Noted. A site further from the road, or dispersed camping along the forest roads, would be quieter.")),
    (247, ("The water pump failed near Moab. The shop had none, so we ordered one for $94.",
           "A new pump for $94 is a fair price. Until it is there, a jug and the city water inlet work without it."),
          ("It was the pressure switch, said the mechanic. He put a strainer in front of the new pump.",
           "A strainer keeps sand out of the switch; rinse it once a month.")),
    (229, ("Our favorite spot so far is the one above the river near Moab, without hookups.",
           "I'll keep that in mind: quiet, a view of water, no hookups needed.")),
    (214, ("What tyre pressure do we run? The mechanic in Durango weighed us at 13,800 pounds.",
           "Use the table of your tyres for the weight of each axle. He will have the two axle weights on the slip."),
          ("65 psi in front and 80 in the rear, he says.", "Then 65 and 80 it is, measured cold.")),
    (198, ("Juniper is afraid of thunder and hides under the dinette.",
           "Close the roof vents early and play something steady. Some dogs do well with a snug vest.")),
    (183, ("We want to keep driving days under four hours from now on.",
           "Four hours at most. I'll split longer legs.")),
    (170, ("The fridge doesn't light on propane above 8,000 feet.",
           "That is common. Run it on shore power or the generator up there, or clean the burner.")),
    (152, ("Which pass did we skip because of the grade? It was on the way to Jackson.",
           "You said that ten per cent was too much for the brakes, and took the longer way around.")),
    (137, ("The ranger at Yellowstone told us to store all food in the rig, even for an hour.",
           "Yes, because of bears. That goes for dog food and the grill, too.")),
    (121, ("My sister visits us in Glacier for a week in August. She can't sleep in the loft.",
           "Then the dinette bed is hers. Would you like a campground with a lodge nearby instead?")),
    (104, ("We paid too much for propane in the park. The co-op in town was a dollar cheaper a gallon.",
           "Worth a stop before the next park: farm co-ops are often the cheapest.")),
    (88, ("The roof vent over the bed leaks in heavy rain. We sealed it with self-levelling sealant.",
          "Look at it again after the next rain, and once a year from then on.")),
    (73, ("Dump station in Boise was closed, the one at the fairgrounds was open and free.",
          "Good to know. I'll remember the fairgrounds.")),
    (57, ("We met other travellers in Taos and want to winter with them in Yuma.",
          "Yuma from December. Long-term visitor sites there are let by the season, book early.")),
    (41, ("Oil change done at 71,400 miles. Next one at 76,000.",
          "Noted: the next at 76,000 miles, or in a year.")),
    (24, ("We don't want to drive at night any more after the deer last week.",
          "Understood, arrivals before sunset. I'll take the time of sunset into account.")),
    (12, ("The internet plan went up to $120. Is it worth it?",
          "You use it for work each day. A prepaid plan for weeks with bad reception would cost about $30 more.")),
)  # fmt: skip


def load_conversations(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Store the conversations as exchanges, unless they are there.

    Runs in the caller's transaction as that user, on a connection whose rows are dictionaries.
    """
    for days_ago, *exchanges in _CONVERSATIONS:
        conversation_id = uuid5(user_id, f"conversation {days_ago}")
        created = connection.execute(
            "insert into conversations (id, user_id, profile) values (%s, %s, '') on conflict do nothing",
            (conversation_id, user_id),
        )
        if not created.rowcount:
            return
        at = now - timedelta(days=days_ago)
        for number, (question, answer) in enumerate(exchanges):
            asked_at = at + number * _NEXT_QUESTION
            messages = [
                ExchangeMessage("user", question, asked_at),
                ExchangeMessage("assistant", answer, asked_at + _ANSWER_DELAY),
            ]
            store_exchange(connection, user_id, conversation_id, uuid5(conversation_id, str(number)), messages)
