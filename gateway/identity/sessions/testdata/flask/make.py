"""Writes vectors.json beside this file: cookies as a Flask application sets them."""
import datetime
import json
import os
import time
import uuid
from importlib.metadata import version

import flask

SECRETS = ["flask-test-only-1", "flask-test-only-2"]


def cookies(values, secret=SECRETS[0], permanent=False):
    app = flask.Flask(__name__)
    app.secret_key = secret

    @app.route("/")
    def set_session():
        flask.session.update(values)
        flask.session.permanent = permanent
        return ""

    header = app.test_client().get("/").headers["Set-Cookie"]
    return {"session": header.split(";")[0].split("=", 1)[1]}


user = {"_user_id": "42", "_fresh": True}
tagged = {
    "_user_id": "42",
    "tuple": (1, "two"),
    "bytes": b"\x00\xff",
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "time": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "like a tag": {" t": [1]},
    "nested": {"roles": ("a", "b")},
}
as_json = {
    "_user_id": "42",
    "tuple": [1, "two"],
    "bytes": "AP8=",
    "uuid": "12345678123456781234567812345678",
    "time": "Fri, 02 Jan 2026 03:04:05 GMT",
    "like a tag": {" t": [1]},
    "nested": {"roles": ["a", "b"]},
}
vectors = {
    "user": {"cookies": cookies(user), "values": user},
    "permanent": {"cookies": cookies(user, permanent=True), "values": dict(user, _permanent=True)},
    "anonymous": {"cookies": cookies({"cart": [1, 2]}), "values": {"cart": [1, 2]}},
    "compressed": {"cookies": cookies(dict(user, note="n" * 2000)), "values": dict(user, note="n" * 2000)},
    "older key": {"cookies": cookies(user, secret=SECRETS[1]), "values": user},
    "tagged": {"cookies": cookies(tagged), "values": as_json},
}
made_by = "Flask " + version("flask") + ", itsdangerous " + version("itsdangerous")
made = {"made_by": made_by, "made": int(time.time()), "secrets": SECRETS, "vectors": vectors}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.json"), "w") as f:
    json.dump(made, f, indent=1, sort_keys=True)
    f.write("\n")
