// Package seed makes what a new shop starts with: categories, some 300 products, a few accounts and their past orders.
//
// Package shop calls it once for each new database. The same words give the same products with the same ids every time; only the dates
// hang on the given time. It touches no database, and hashes passwords with a function that the caller gives.
//
//	data, err := seed.Data(time.Now(), hash)
package seed

import (
	"fmt"
	"time"

	"ficus/legacy-stub/shop/store"
)

// Account is an account of a new shop, with its password. The passwords are public: they are for trying the shop.
type Account struct {
	Email    string
	Password string
	Name     string
	Role     string
}

// Accounts lists the accounts of a new shop.
func Accounts() []Account {
	return []Account{
		{"alice@example.com", "alice-demo", "Alice Berger", store.RoleCustomer},
		{"bob@example.com", "bob-demo", "Bob Lindqvist", store.RoleCustomer},
		{"admin@example.com", "admin-demo", "Ada Finch", store.RoleAdmin},
	}
}

// Data is all that a new shop starts with at the given time.
func Data(now time.Time, hash func(password string) (string, error)) (store.Data, error) {
	now = now.UTC().Truncate(time.Second)
	d := store.Data{Categories: categories(), Products: products(now)}
	for i, a := range Accounts() {
		h, err := hash(a.Password)
		if err != nil {
			return store.Data{}, fmt.Errorf("hashing the password of %s: %w", a.Email, err)
		}
		d.Users = append(d.Users, store.User{
			ID: int64(i + 1), Email: a.Email, Name: a.Name, PasswordHash: h, Role: a.Role, CreatedAt: now.AddDate(-1, -2, -i),
		})
	}
	d.Orders = orders(now, d.Products)
	return d, nil
}

// orders gives Alice five past orders and Bob three.
func orders(now time.Time, products []store.Product) []store.Order {
	alice := store.Address{Name: "Alice Berger", Street: "Lindenweg 12", Postcode: "50674", City: "Köln", Country: "Germany"}
	bob := store.Address{Name: "Bob Lindqvist", Street: "Nygatan 4B", Postcode: "903 27", City: "Umeå", Country: "Sweden"}
	past := []struct {
		user    int64
		to      store.Address
		daysAgo int
		status  string
		lines   [][2]int // product, pieces
	}{
		{1, alice, 301, "delivered", [][2]int{{4, 2}, {37, 1}, {88, 1}}},
		{2, bob, 243, "delivered", [][2]int{{161, 1}, {204, 2}}},
		{1, alice, 188, "cancelled", [][2]int{{62, 1}}},
		{1, alice, 96, "delivered", [][2]int{{125, 3}, {130, 1}, {17, 1}, {240, 2}}},
		{2, bob, 41, "delivered", [][2]int{{275, 1}, {281, 1}, {290, 4}}},
		{1, alice, 23, "delivered", [][2]int{{142, 1}, {7, 4}}},
		{2, bob, 3, "shipped", [][2]int{{213, 1}, {199, 1}}},
		{1, alice, 1, "packed", [][2]int{{255, 2}, {31, 1}}},
	}
	var list []store.Order
	for i, o := range past {
		order := store.Order{
			ID: int64(1001 + i), UserID: o.user, Status: o.status, Address: o.to,
			PlacedAt: now.AddDate(0, 0, -o.daysAgo).Add(-time.Duration(i*47+13) * time.Minute),
		}
		for _, l := range o.lines {
			p := products[l[0]-1]
			order.Lines = append(order.Lines, store.OrderLine{
				ProductID: p.ID, SKU: p.SKU, Name: p.Name, PriceCents: p.PriceCents, Quantity: int64(l[1]),
			})
			order.TotalCents += p.PriceCents * int64(l[1])
		}
		list = append(list, order)
	}
	return list
}
