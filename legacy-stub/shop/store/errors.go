package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound means: no such row, or not one the caller may see.
	ErrNotFound = errors.New("not found")
	// ErrEmailTaken means: another account has this e-mail address.
	ErrEmailTaken = errors.New("an account with this e-mail address exists already")
	// ErrSKUTaken means: another product has this article number.
	ErrSKUTaken = errors.New("a product with this article number exists already")
	// ErrCartEmpty means: there is nothing to order.
	ErrCartEmpty = errors.New("the cart is empty")
	// ErrQuantity means: a cart's line holds 1 to MaxQuantity pieces.
	ErrQuantity = fmt.Errorf("the quantity must be between 1 and %d", MaxQuantity)
	// ErrCategory means: a product must be in one of the shop's categories.
	ErrCategory = errors.New("no such category")
)

// MaxQuantity is the most pieces of one product that a cart holds.
const MaxQuantity = 99

// StockError says that fewer pieces of a product are left than were asked for.
type StockError struct {
	ProductID int64
	Name      string
	Available int64 // pieces left, 0 or more
}

func (e *StockError) Error() string {
	if e.Available == 0 {
		return fmt.Sprintf("%s is sold out", e.Name)
	}
	return fmt.Sprintf("only %d of %s left", e.Available, e.Name)
}
