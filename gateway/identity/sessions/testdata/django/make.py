"""Writes vectors.json beside this file: cookies as Django's session middleware sets them."""
import json
import os
import time

import django
from django.conf import settings

SECRETS = ["django-insecure-test-only-1", "django-insecure-test-only-2"]
settings.configure(
    SECRET_KEY=SECRETS[0],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer",
    DEFAULT_HASHING_ALGORITHM="sha256",
)
django.setup()

from django.contrib.sessions.middleware import SessionMiddleware  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import RequestFactory  # noqa: E402


def cookie(values, expiry=None, secret=SECRETS[0]):
    settings.SECRET_KEY = secret

    def view(request):
        for name, value in values.items():
            request.session[name] = value
        if expiry is not None:
            request.session.set_expiry(expiry)
        return HttpResponse("")

    response = SessionMiddleware(view)(RequestFactory().get("/"))
    return {"sessionid": response.cookies["sessionid"].value}


user = {"_auth_user_id": "42", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": "0" * 64}
vectors = {
    "user": {"cookies": cookie(user), "values": user},
    "anonymous": {"cookies": cookie({"cart": [1, 2]}), "values": {"cart": [1, 2]}},
    "compressed": {"cookies": cookie(dict(user, note="n" * 2000)), "values": dict(user, note="n" * 2000)},
    "unicode": {"cookies": cookie(dict(user, name="Zoë 🙂")), "values": dict(user, name="Zoë 🙂")},
    "older key": {"cookies": cookie(user, secret=SECRETS[1]), "values": user},
    "own expiry": {"cookies": cookie(user, expiry=600), "values": dict(user, _session_expiry=600)},
    "until the browser closes": {"cookies": cookie(user, expiry=0), "values": dict(user, _session_expiry=0)},
}
made = {"made_by": "Django " + django.__version__, "made": int(time.time()), "secrets": SECRETS, "vectors": vectors}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.json"), "w") as f:
    json.dump(made, f, indent=1, sort_keys=True)
    f.write("\n")
