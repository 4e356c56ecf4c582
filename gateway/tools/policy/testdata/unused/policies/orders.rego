package shop.orders

allow if data.shop.visitor.reads
