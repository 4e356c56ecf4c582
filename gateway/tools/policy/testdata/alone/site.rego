package site

default allow := false

allow if input.headers["x-key"] == ["k"]

allow if input.body.guest

tested(x) if x > 7
