"""Colours and words that all dashboards share.

The palette is Okabe and Ito's, told apart with every kind of colour vision, and no colour stands
without a word or a number beside it. Each metric's numbers have their words here, once.
"""

GREEN = "#009E73"
AMBER = "#E69F00"
RED = "#D55E00"
BLUE = "#0072B2"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
GREY = "#8E8E8E"

# grandstream_up + grandstream_reachable
HEALTH = {
    0: ("Unreachable", RED),
    1: ("Not readable", AMBER),
    2: ("Up", GREEN),
}
REGISTERED = {0: ("Not registered", RED), 1: ("Registered", GREEN)}
SUCCESS = {0: ("Failed", RED), 1: ("Good", GREEN)}
MATCHES = {0: ("Differs", AMBER), 1: ("As expected", GREEN)}
UNDERSTOOD = {0: ("Not read", AMBER), 1: ("Read", GREEN)}
HELD_BACK = {0: ("Free", GREEN), 1: ("Held back", RED)}
TRUE_OF_IT = {0: ("No", GREEN), 1: ("Yes", AMBER)}
ON_DISK = {0: ("Not on disk", RED), 1: ("On disk", GREEN)}
SCRAPED = {0: ("Down", RED), 1: ("Up", GREEN)}

# An alert over time: pending, firing and said, firing and kept from being said.
ALERT = {
    1: ("Pending", AMBER),
    2: ("Firing", RED),
    3: ("Suppressed", GREY),
}

# grandstream_line_state_code, in the words of its help
LINE = {
    -1: ("Read failed", PURPLE),
    0: ("Idle", GREY),
    1: ("Dialing", SKY),
    2: ("Ringing", AMBER),
    3: ("Calling", SKY),
    4: ("In call", GREEN),
    5: ("Hold", BLUE),
    6: ("Transferred", BLUE),
    7: ("Ending", GREY),
    8: ("Failed", RED),
    9: ("Transferring", BLUE),
    10: ("Conference", GREEN),
    11: ("Paging", GREEN),
    12: ("Ringback", SKY),
    13: ("IP call", GREEN),
}
