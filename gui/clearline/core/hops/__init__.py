"""Ways to servers that cannot be reached directly: SSH, SOCKS5, HTTP proxies, Kubernetes, one behind another.

`way.lay` is the door: all hops of a profile, each over the hop before it. `loop.HopLoop` lets PyMongo go the same way:
inside `loop.going` every connection that the driver asks the running loop for is opened by it. There is no local port,
no helper process and no patched driver, and nothing ever falls back to going directly.
"""
