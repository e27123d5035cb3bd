"""An emulated 4G module on a serial line: SIMCom SIM7600 or Quectel EC20, with SIM and network.

The package owns every byte that such a module would say, and the people at the other end: whether
they take up, which keys they press, what they write. It shares no code with the driver, so that the
two can disagree. Port, control socket and launcher are those of the emulated Zigbee stick.

Map:  sms                 text messages as bits                    (pure)
      vendor              what differs between the two             (data)
      card                the SIM: PIN, tries, storage
      air                 the network: who registers, calls, texts on their way
      unit, commands      the module: characters in, lines out; one handler for each command
      verbs               how a test or a demonstration is told
      launch              the other side
"""
