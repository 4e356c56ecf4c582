package shop.orders

allow if input.method == "GET"
