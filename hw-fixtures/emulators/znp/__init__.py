"""An emulated Zigbee coordinator: TI's Z-Stack Monitor & Test protocol with devices behind it.

The package owns every byte that a CC2652 stick would put on its serial port, and the devices that
would be in its radio range. It knows nothing of the hub, nor of any Zigbee host library: it is the
other end, and it must be able to disagree with them.

Map:  frames, wire            bytes on the serial line
      network, memory         what the stick keeps in flash
      stick, mt_*             the firmware: one handler for each MT command
      air                     who hears whom, sleep, loss
      zcl, zdo, kinds         what devices are made of (pure)
      device, clusters        what devices do
      home, control, *verbs    how a test or a demonstration is told
      world, port             composition and the serial port
      client, launch          the other side of the control socket
"""
