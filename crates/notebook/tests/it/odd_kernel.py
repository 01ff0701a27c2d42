"""A kernel that speaks the protocol and does what its cells' words say, the odd things among them."""
import json, signal, sys, time, zmq
from jupyter_client.session import Session

info = json.load(open(sys.argv[1]))
context = zmq.Context()
signal.signal(signal.SIGINT, signal.SIG_IGN)


def bind(kind, name):
    socket = context.socket(kind)
    separator = "-" if info["transport"] == "ipc" else ":"
    socket.bind(f"{info['transport']}://{info['ip']}{separator}{info[name]}")
    return socket


time.sleep(float(sys.argv[2]))
stdin = bind(zmq.ROUTER, "stdin_port")
shell, iopub, control = bind(zmq.ROUTER, "shell_port"), bind(zmq.PUB, "iopub_port"), bind(zmq.ROUTER, "control_port")
session = Session(key=info["key"].encode())
poller = zmq.Poller()
for channel in (shell, control):
    poller.register(channel, zmq.POLLIN)


def publish(kind, content, parent):
    session.send(iopub, kind, content, parent=parent)


def status(state, parent):
    publish("status", {"execution_state": state}, parent)


while True:
    for channel, _ in poller.poll():
        identity, message = session.recv(channel, mode=0)
        kind, parent = message["header"]["msg_type"], message
        if kind == "shutdown_request":
            sys.exit(0)
        if kind == "kernel_info_request":
            status("busy", parent)
            session.send(shell, "kernel_info_reply", {"status": "ok", "language_info": {"name": "python"}}, parent=parent, ident=identity)
            status("idle", parent)
            continue
        if kind != "execute_request":
            continue
        code, count = message["content"]["code"], {"execution_count": 1, "status": "ok"}
        status("busy", parent)
        if "restart" in code:
            status("restarting", parent)
            continue
        if "abort" in code:
            count = {"status": "aborted"}
        if "ask" in code:
            # Whatever the request says of allow_stdin, and again when it is answered with nothing.
            for _ in range(2):
                session.send(stdin, "input_request", {"prompt": "name?", "password": False}, parent=parent, ident=identity)
                answer = session.recv(stdin, mode=0)[1]["content"]["value"]
                publish("stream", {"name": "stdout", "text": f"[{answer}]"}, parent)
        if "early idle" in code:
            status("idle", parent)
        publish("stream", {"name": "stdout", "text": code}, parent)
        session.send(shell, "execute_reply", count, parent=parent, ident=identity)
        if "late" in code:
            publish("stream", {"name": "stdout", "text": "!"}, parent)
        if "no idle" not in code:
            status("idle", parent)
