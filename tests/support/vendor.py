"""A scripted model vendor on a loopback port: keeps what it was sent, streams unbuffered, echoes what it should not."""

import base64
import http.server
import threading
import urllib.parse

EVENTS = 4


class Vendor:
    def __init__(self):
        self.requests = []  # (method, path, headers in lower case, body)
        self.next_event = threading.Semaphore(0)
        vendor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                vendor.requests.append((self.command, self.path, headers, body))
                return headers

            def answer(self, text, kind="application/json"):
                content = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                headers = self.handle_one()
                if self.path == "/stream":
                    return self.stream()
                if self.path == "/next":
                    vendor.next_event.release()
                if self.path == "/echo":
                    return self.answer(vendor.spellings(headers.get("x-api-key", "")), "text/plain")
                return self.answer('{"ok":true}')

            do_POST = do_GET

            def stream(self):
                """Each event waits until the client has asked for it, on another connection: a buffer would never end."""
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for number in range(EVENTS):
                    event = f"data: {{\"number\":{number}}}\n\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                    self.wfile.flush()
                    if not vendor.next_event.acquire(timeout=10):
                        return
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def spellings(key):
        raw = key.encode()
        return "\n".join(["key", key, urllib.parse.quote(key), "".join(f"%{byte:02x}" for byte in raw), raw.hex(),
                          "".join(f"&#{byte};" for byte in raw), "".join(f"\\u00{byte:02X}" for byte in raw),
                          base64.b64encode(b"x" + raw).decode(), base64.encodebytes(raw * 3).decode(), "end"])

    def seen(self):
        """What every header and body held, as one text."""
        return repr(self.requests)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
