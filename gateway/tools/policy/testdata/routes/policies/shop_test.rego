package shop_test

test_admin if data.shop.orders.allow with input as {"principal": {"claims": {"roles": ["admin"]}}}

test_small if data.shop.change.decision.allow with input as {"body": {"amount": 1}}

todo_test_large if false
