"""Signs in and calls a path: refreshes the token before it ends, and waits when a response says so. Needs the requests library.

TALLYGATE_PASSWORD=… python3 signin.py http://localhost:8000 NAME '/root?number=9&n=0.5' 3
"""

import os
import sys
import time

import requests

EARLY = 30  # seconds before the end of a token in which it is refreshed
LONGEST = 3600  # seconds: nobody waits for the next month


class Session:
    """The sign-in of a user."""

    def __init__(self, base, name, password):
        self.base, self.name, self.password = base, name, password
        self.http = requests.Session()
        self.sign_in()

    def request(self, method, path, **options):
        """After a 429 the same request is made again."""
        while True:
            response = self.http.request(method, self.base + path, **options)
            if response.status_code != 429:
                return response
            seconds = int(response.headers.get("Retry-After", "1"))
            if seconds > LONGEST:
                sys.exit(f"The next call is allowed in {seconds} seconds.")
            time.sleep(seconds)

    def keep(self, tokens):
        """A refresh token is good once: the next one comes with the new token."""
        self.token, self.refresh_token = tokens["token"], tokens["refresh_token"]
        self.ends = time.monotonic() + tokens["expires_in"]

    def sign_in(self):
        response = self.request("POST", "/token", json={"username": self.name, "password": self.password})
        if response.status_code != 200:
            sys.exit(response.json()["message"])
        self.keep(response.json())

    def refresh(self):
        response = self.request("POST", "/token/refresh", json={"refresh_token": self.refresh_token})
        if response.status_code == 200:
            self.keep(response.json())
        else:  # the session has ended
            self.sign_in()

    def call(self, path):
        if time.monotonic() >= self.ends - EARLY:
            self.refresh()
        response = self.request("GET", path, headers={"Authorization": "Bearer " + self.token})
        if response.status_code == 401:  # the token was revoked before its end
            self.refresh()
            response = self.request("GET", path, headers={"Authorization": "Bearer " + self.token})
        if response.status_code == 401:
            sys.exit("A new token is refused.")
        return response


base, name, path, calls = sys.argv[1:5]
session = Session(base, name, os.environ["TALLYGATE_PASSWORD"])
for _ in range(int(calls)):
    print(session.call(path).status_code)
