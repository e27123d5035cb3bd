"""What the platform may change of a hub, under signature: settings, limits of rules, the identity.

`signed` opens a signed document, `state` says what holds and what is being tried, `overlay` makes
settings and rules of it, `identity` has the key and the certificate, `changes` puts them together.

The installer's file is never written. What the platform wants differently is kept in the journal,
in one transaction with the row that records it, and a copy lies beside the journal for the day on
which that is damaged. A change is on trial first: it is taken back when guard starts again before
the trial is over, or when it needs the uplink and the platform is not heard over it in time. So
there is no moment at which a power cut leaves anything but the state before or the state after.
"""
