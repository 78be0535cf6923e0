"""Abbreviations of states, provinces and countries: a closed table, since a wrong guess is a wrong place."""

_UNITED_STATES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware
DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky
LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana
NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota
OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas
UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming
"""

_CANADA = """
AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia
NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|PEI Prince Edward Island|QC Quebec
SK Saskatchewan|YT Yukon
"""

_AUSTRALIA = """
ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|SA South Australia
TAS Tasmania|VIC Victoria|WA Western Australia
"""

_COUNTRIES = "US United States|USA United States|UK United Kingdom|NZ New Zealand|AUS Australia"


def _table() -> dict[str, tuple[tuple[str, ...], ...]]:
    table: dict[str, tuple[tuple[str, ...], ...]] = {}
    for lines in (_UNITED_STATES, _CANADA, _AUSTRALIA, _COUNTRIES):
        for entry in lines.strip().replace("\n", "|").split("|"):
            abbreviation, _, name = entry.partition(" ")
            table[abbreviation.lower()] = (*table.get(abbreviation.lower(), ()), tuple(name.lower().split()))
    return table


LONG_FORMS = _table()
"""The words that an abbreviation may stand for, in lower case: `wa` is Washington or Western Australia."""
