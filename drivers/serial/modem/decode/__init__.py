"""What the modem says and what a text message is made of. All of it pure.

at        bytes of the AT line -> statements; which of them answer a command
state     what single statements mean: SIM, registration, signal, calls
gsm7      the 7-bit alphabet of text messages
pdu       text messages as bytes, both ways
parts     long texts in parts -> one text
number    telephone numbers: which may be dialled, which are the same
dialect   what differs between vendors, as data
call      how one call goes on, and how it ended
"""
