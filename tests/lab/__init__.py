"""The laboratory: real servers, real DNS, real certificates, real networks, and the faults that break them.

Nothing here knows the product, except that the MongoDB servers are started by the product's own `PrivateMongod`.
Everything is a context manager that leaves nothing behind. Where to look:

- `lab.certificates`: authorities and certificates as PEM files, and TLS contexts for peers
- `lab.peers`: scripted TCP peers and a full accept queue (`lab.peer`: how to script one)
- `lab.mongo_peer`: a scripted mongod, for odd hellos and odd errors
- `lab.relay`: a line to a real server that is slow, narrow, held or cut
- `lab.dns_server`: a DNS server whose answers, errors and silences are a dict
- `lab.deployments`: real mongods: standalone, with login, with TLS, replica sets (`lab.deployment`: what they offer)
- `lab.namespaces`: networks of their own (Linux, root): filters, routes, resolvers, hosts files, slow lines
"""
