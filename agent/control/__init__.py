"""The hub's control socket: JSON-RPC 2.0, one message a line, over a Unix socket.

`schema` says what is asked and answered, `client` asks, `server` answers. The socket is for the
         hub's own
group only; a caller's role follows from who it is (SO_PEERCRED), never from what it says.
"""
