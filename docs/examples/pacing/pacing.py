"""Calls a URL with an API key, as fast as the RateLimit field allows. Needs the requests library.

TALLYGATE_KEY=tg_… python3 pacing.py 'http://localhost:8000/root?number=9&n=0.5' 20
"""

import os
import sys
import time

import requests

LONGEST = 3600  # seconds: nobody waits for the next month


def pause(response):
    """For how many seconds to wait before the next call."""
    if response.status_code == 429:
        return int(response.headers.get("Retry-After", "1"))
    seconds = 0
    # A limit that leaves nothing is like "name";r=0;t=SECONDS. There may be several limits, with commas between them.
    for item in response.headers.get("RateLimit", "").split(","):
        parameters = dict(p.partition("=")[::2] for p in item.strip().split(";")[1:])
        if parameters.get("r") == "0":
            seconds = max(seconds, int(parameters["t"]))
    return seconds


url, calls = sys.argv[1], int(sys.argv[2])
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["TALLYGATE_KEY"]
while calls > 0:
    response = session.get(url)
    print(response.status_code)
    if response.status_code != 429:  # a call that was refused is made again
        calls -= 1
    seconds = pause(response)
    if calls > 0 and seconds > LONGEST:
        sys.exit(f"The next call is allowed in {seconds} seconds.")
    if calls > 0:
        time.sleep(seconds)
