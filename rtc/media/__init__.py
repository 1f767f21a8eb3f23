"""WebRTC peers, the bridge between the two legs, and the agent's data channel. Never opens a file or a database."""

import ctypes.util

# aioice's ifaddr asks for the C library's file name, for which ctypes starts ldconfig or a C compiler, with a temporary
# file. No name means the library that this program has loaded already.
ctypes.util.find_library = lambda name: None
