package shop.visitor

reads if input.method == "GET"
