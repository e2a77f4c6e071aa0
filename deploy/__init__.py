"""Starts the real servers (Valkey, PostgreSQL, Kafka) on this machine, without containers.

Each server has a folder of its own, in which its data, log and remembered port lie: `start_valkey(folder)`,
`start_postgres(folder)` and `start_kafka(folder)` return a `deploy.server.Server`. `deploy.stack.Stack` holds
all three; `deploy.commands` is the command line `dispatchlab stack`.
"""
