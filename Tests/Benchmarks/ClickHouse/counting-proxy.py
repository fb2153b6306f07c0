"""Passes connections on to a port of the loopback and counts the bytes that come back."""
import socket
import sys
import threading

target, port_file, bytes_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
total, lock = 0, threading.Lock()


def pump(source, sink, counts):
    global total
    while block := source.recv(1 << 16):
        if counts:
            with lock:
                total += len(block)
                with open(bytes_file, "w") as out:
                    out.write(str(total))
        sink.sendall(block)
    sink.shutdown(socket.SHUT_WR)


listener = socket.create_server(("127.0.0.1", 0))
with open(port_file, "w") as out:
    out.write(str(listener.getsockname()[1]))
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", target))
    for pair in ((client, server, False), (server, client, True)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
