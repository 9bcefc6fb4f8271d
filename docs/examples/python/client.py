"""Three calls to Tallygate: register, get a token, use it. Needs the requests library and a running Tallygate."""

import requests

response = requests.post(
    "http://localhost:8000/users/register",
    json={"username": "eligijus", "password": "123456"},
)
print(response.json())

response = requests.post(
    "http://localhost:8000/token",
    json={"username": "eligijus", "password": "123456"},
)
token = response.json()["token"]

response = requests.get(
    "http://localhost:8000/root?number=88&n=0.88",
    headers={"Authorization": f"{token}"},
)
print(response.json())
assert response.json() == {"root": 51.42150122383022}

token = "Hello I am a really legit token"
response = requests.get(
    "http://localhost:8000/root?number=88&n=0.88",
    headers={"Authorization": f"{token}"},
)
print(response.status_code, response.json())
assert response.status_code == 401
assert response.json() == {"message": "Token is not valid"}
