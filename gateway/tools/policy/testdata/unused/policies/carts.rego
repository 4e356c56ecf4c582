# The routes of the cart are gone.
package shop.carts

default allow := false

allow if data.shop.visitor.reads
