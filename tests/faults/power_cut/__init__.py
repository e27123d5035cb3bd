"""Cuts the power of the journal's disk, thousands of times, and looks whether it kept its word.

Owns a block device whose every write and flush is recorded while the real store works on it, the
replay of that record up to a random moment, and the judgement of what the store finds there.

How
    `qemu-storage-daemon` keeps the record (`blklogwrites`) below a loop device with ext4 on it.
    `load` runs the unmodified store there and notes, each time the store says that rows are on
    disk, how long the record was. A cut keeps everything up to the last completed flush and, of
    the writes after it, none, all, some, or some of their 512-byte sectors: that is what a disk
    with a volatile cache promises, and all that it promises. Then ext4 replays its journal, the
    product opens its file, and every row that was told must be there.

Controls
    The same load with `synchronous=NORMAL`, and on an ext4 that sends no flushes, must be caught
    losing rows. A run whose controls lose nothing proves nothing and fails.

Not covered: media that lie about flush, that lose whole erase blocks, or that tear sectors.

Files: `block_log` the record, `cuts` what survives, `load` the store at work, `judge` the claims,
`disk` devices and mounts, `replay` one cut after the other, `__main__` the run.
"""
