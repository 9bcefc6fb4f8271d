"""Sends uploads with http.client and with requests, and prints the status of each response.

Arguments: host:port, path, library (http.client or requests), framing (length or chunked), bytes, count.
"""
import http.client
import sys

host, path, library, framing, size, count = sys.argv[1:]
PIECE = b"x" * 65536


def body():
    for _ in range(int(size) // len(PIECE)):
        yield PIECE


for _ in range(int(count)):
    data = body() if framing == "chunked" else PIECE * (int(size) // len(PIECE))
    if library == "requests":
        import requests

        print(requests.post(f"http://{host}{path}", data=data).status_code)
        continue
    connection = http.client.HTTPConnection(host)
    connection.request("POST", path, body=data, encode_chunked=framing == "chunked",
                       headers={"Transfer-Encoding": "chunked"} if framing == "chunked" else {})
    print(connection.getresponse().status)
