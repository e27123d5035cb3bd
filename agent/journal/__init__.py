"""The durable record: what happened in the home, in order, written before it is said.

Constraints, first
    One file, one writer thread, one transaction at a time. Readers are other connections,
    read-only, in short transactions (WAL). The journal *is* the outbox: there is no second queue.
    A row's identity is `(hub, journal_id, seq)`, never a time. `journal_id` is new with every fresh
    file; `seq` only grows, and is given out by the pipeline before the row is written.
    What a reader can see up to seq N it can see whole: rows become durable in the order of their
    seq, because every commit takes along everything that waits before it.

Durability
    *Urgent* (alarms, the readings that raised them, actuations, commands, audit): a transaction at
    once, `synchronous=FULL` on a WAL, so the commit returns after fsync. *Bulk* (telemetry): group
    commit after at most 1 s or 500 rows, which is what a power cut may take of it.
    The class says when a row is committed; the *lane* says in which queue it leaves the home.
    Trouble is urgent to commit and bulk to send.

State beside the rows
    Small tables of key and JSON body: `alarm`, `rule_state`, `effect`, `device`, `cursor`,
    `setting`. They change in the same transaction as the rows that changed them, so after a crash
    the state on disk is exactly the state at the last row, and nothing has to be replayed.

When the disk fails
    A file that SQLite calls corrupt is renamed to `.bad-<utc>` and a fresh one begun with a new
    journal_id. A disk that cannot be written (full, read-only, gone) makes the writer go on in a
    bounded file under the runtime directory (tmpfs), again with a new journal_id but the same seqs
    going on. It tries the real file every 30 s, and takes the rows along, under their own identity,
    when it is back. Either is a trouble, never a reason not to start.
    A disk that does not answer at all for 5 s is left in the same way. What it was given and did
    not confirm is written again on tmpfs; should it turn up on the disk later, it is struck out
    there, so that no row counts under two identities.
    What a damaged file still knows of open alarms, devices and cursors is taken over at once; its
    rows follow in the background, under their own identity.

What goes
    Telemetry becomes an hourly row after 30 days, diagnostics go after 90, alarms that the platform
    has acknowledged after 180; when the disk is nearly full the oldest go sooner, in that order. An
    alarm that is not acknowledged never goes. Every step leaves a `gap` row with count and range.

Time
    Every row carries boot id, monotonic and wall time with its quality. When a clock that nobody
    vouched for is first set, a `clock.stepped` row says by how much, and the rows of that boot gain
    it as `correction_ms`.
    Clocks are set, so rows are not in the order of their times. Between which times some thousand
    rows each were heard is noted in `span`, long after they were written, and a pull by time reads
    only those it needs. An index on the time would cost each urgent commit a third more bytes.

Whoever asks
    Link, the command line and a technician with a card in his hand read the file itself: read-only,
    some thousand rows in a transaction, with guard running or not. A page that is read while guard
    prunes is whole all the same: a row that went before it was read has its `gap` row behind it,
    from the same transaction. A check compares seqs with what gap rows tell, cursors and alarms
    with their rows; seqs that were written to tmpfs under another identity meanwhile are no loss.

Versions
    A file of an older version becomes the present one at the start, in steps that do not grow with
    its rows. A file of a newer version is set aside like a corrupt one, and what this program
    understands of it is taken over; the file stays as it is.

Files: `schema` tables and migrations, `files` opening and quarantine, `writer` the thread, `insert`
rows into the table, `store` what the pipeline calls, `reader` what everybody else calls, `edits`
the changes to rows that are there, `spans` where a time is to be found, `retention` what may go,
`salvage` what a damaged file still tells. For people: `places` where files lie, `export` every row
in order, `formats` rows as text, `stats` counts, `verify`, `verify_rows`, `holes` and `findings`
the check.
"""
