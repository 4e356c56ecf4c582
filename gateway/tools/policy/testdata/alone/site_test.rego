package site_test

test_key if data.site.allow with input as {"headers": {"x-key": ["k"]}}
