package shop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"ficus/legacy-stub/shop/picture"
	"ficus/legacy-stub/shop/store"
)

func (s *Shop) adminPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	in := r.URL.Query()
	in.Set("per_page", strconv.Itoa(searchPageSize))
	f, err := listFilter(in, searchPageSize)
	if err != nil {
		return err
	}
	page, err := s.db.Products(r.Context(), f)
	if err != nil {
		return err
	}
	orders, err := s.db.RecentOrders(r.Context(), 8)
	if err != nil {
		return err
	}
	link := func(n int) string { return strings.Replace(searchLink(f, n), "/search", "/admin", 1) }
	return s.show(w, r, v, screen{template: "admin.html", title: "Back office", body: map[string]any{
		"Page": page, "Orders": orders, "Filter": f, "Link": link,
	}})
}

// productForm is what the product form of the back office shows.
type productForm struct {
	ID                                                   int64 // 0: a new one
	SKU, Name, Category, Price, Stock, Tags, Description string
	Problems                                             map[string]string
	Product                                              store.Product // as stored
}

func (s *Shop) showProductForm(w http.ResponseWriter, r *http.Request, v *visit, status int, f productForm) error {
	title := "New product"
	if f.ID != 0 {
		title = "Edit " + f.Product.Name
	}
	return s.show(w, r, v, screen{status: status, template: "admin_product.html", title: title, body: f})
}

func (s *Shop) newProductPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.showProductForm(w, r, v, http.StatusOK, productForm{Stock: "0"})
}

func (s *Shop) editProductPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.pathProduct(r)
	if err != nil {
		return err
	}
	return s.showProductForm(w, r, v, http.StatusOK, productForm{
		ID: p.ID, SKU: p.SKU, Name: p.Name, Category: p.Category, Price: string(asPriceText(p.PriceCents)), Stock: strconv.FormatInt(p.Stock, 10),
		Tags: strings.Join(p.Tags, ", "), Description: p.Description, Product: p,
	})
}

func (s *Shop) pathProduct(r *http.Request) (store.Product, error) {
	id, err := pathID(r)
	if err != nil {
		return store.Product{}, err
	}
	return s.db.Product(r.Context(), id)
}

func (s *Shop) addProduct(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := readProductForm(r)
	p := f.product()
	var err error
	if len(f.Problems) == 0 {
		p, err = s.db.AddProduct(r.Context(), p)
	}
	if done, err := s.formTrouble(w, r, v, f, err); done || err != nil {
		return err
	}
	s.hub.Changed()
	return s.tellAndGo(w, r, v, "success", p.Name+" is on sale.", adminPath(p.ID))
}

func (s *Shop) saveProduct(w http.ResponseWriter, r *http.Request, v *visit) error {
	stored, err := s.pathProduct(r)
	if err != nil {
		return err
	}
	f := readProductForm(r)
	f.ID, f.SKU, f.Product = stored.ID, stored.SKU, stored
	delete(f.Problems, "sku") // it never changes
	p := f.product()
	if len(f.Problems) == 0 {
		p, err = s.db.SaveProduct(r.Context(), p)
	}
	if done, err := s.formTrouble(w, r, v, f, err); done || err != nil {
		return err
	}
	s.hub.Changed()
	return s.tellAndGo(w, r, v, "success", p.Name+" is saved.", adminPath(p.ID))
}

// formTrouble shows the form again when something in it is wrong.
func (s *Shop) formTrouble(w http.ResponseWriter, r *http.Request, v *visit, f productForm, err error) (done bool, _ error) {
	switch {
	case errors.Is(err, store.ErrSKUTaken):
		f.Problems["sku"] = "Another product has this article number."
	case errors.Is(err, store.ErrCategory):
		f.Problems["category"] = "Please choose a category."
	case err != nil:
		return true, err
	}
	if len(f.Problems) == 0 {
		return false, nil
	}
	return true, s.showProductForm(w, r, v, http.StatusUnprocessableEntity, f)
}

func readProductForm(r *http.Request) productForm {
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := productForm{
		SKU: strings.ToUpper(get("sku")), Name: get("name"), Category: get("category"), Price: get("price"), Stock: get("stock"),
		Tags: get("tags"), Description: get("description"), Problems: map[string]string{},
	}
	for _, x := range []struct {
		name, value string
		most        int
	}{{"sku", f.SKU, 20}, {"name", f.Name, 100}, {"description", f.Description, 2000}} {
		if x.value == "" || len(x.value) > x.most {
			f.Problems[x.name] = fmt.Sprintf("Please write 1 to %d characters.", x.most)
		}
	}
	if strings.Contains(f.Name, "|") {
		f.Problems["name"] = "Please do without the | sign."
	}
	if _, err := parsePrice(f.Price); err != nil {
		f.Problems["price"] = "Please write a price like 12.50."
	}
	if n, err := strconv.ParseInt(f.Stock, 10, 64); err != nil || n < 0 || n > maxStock {
		f.Problems["stock"] = fmt.Sprintf("Please write a number from 0 to %d.", maxStock)
	}
	return f
}

// maxStock is the most pieces of a product that the shop can have.
const maxStock = 1_000_000

// product is the product that the form describes; what is wrong in the form is zero in it.
func (f productForm) product() store.Product {
	cents, _ := parsePrice(f.Price)               // checked in readProductForm
	stock, _ := strconv.ParseInt(f.Stock, 10, 64) // likewise
	var tags []string
	for tag := range strings.SplitSeq(strings.ToLower(f.Tags), ",") {
		if tag = strings.Join(strings.Fields(tag), "-"); tag != "" && len(tag) <= 40 {
			tags = append(tags, tag)
		}
	}
	return store.Product{ID: f.ID, SKU: f.SKU, Name: f.Name, Category: f.Category, Description: f.Description, Tags: tags, PriceCents: cents, Stock: stock}
}

// parsePrice reads "12", "12.5" or "12,50" as cents, up to a million euros.
func parsePrice(text string) (cents int64, err error) {
	euros, rest, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if len(rest) > 2 || len(euros) > 6 {
		return 0, fmt.Errorf("price %q has too many digits", text)
	}
	for len(rest) < 2 {
		rest += "0"
	}
	n, err := strconv.ParseUint(euros+rest, 10, 32)
	if err != nil || euros == "" {
		return 0, fmt.Errorf("price %q is no number", text)
	}
	return int64(n), nil
}

func (s *Shop) setStock(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.pathProduct(r)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(r.PostForm.Get("stock")), 10, 64)
	if err != nil || n < 0 || n > maxStock {
		return s.tellAndGo(w, r, v, "error", fmt.Sprintf("A stock is a number from 0 to %d.", maxStock), "/admin")
	}
	if err := s.db.SetStock(r.Context(), p.ID, n); err != nil {
		return err
	}
	s.hub.Changed()
	return s.tellAndGo(w, r, v, "success", fmt.Sprintf("%s: %d in stock.", p.Name, n), "/admin")
}

func (s *Shop) deleteProduct(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.pathProduct(r)
	if err != nil {
		return err
	}
	if err := s.db.DeleteProduct(r.Context(), p.ID); err != nil {
		return err
	}
	s.hub.Changed()
	return s.tellAndGo(w, r, v, "info", p.Name+" is no longer on sale.", "/admin")
}

func (s *Shop) uploadPicture(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.pathProduct(r)
	if err != nil {
		return err
	}
	file, _, err := r.FormFile("picture")
	if err != nil {
		return s.tellAndGo(w, r, v, "error", "Please choose a file.", adminPath(p.ID))
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("reading an upload: %w", err)
	}
	kind, err := picture.CheckUpload(data)
	if err != nil {
		return s.tellAndGo(w, r, v, "error", strings.ToUpper(err.Error()[:1])+err.Error()[1:]+".", adminPath(p.ID))
	}
	if err := s.db.SetPicture(r.Context(), p.ID, store.Picture{ContentType: kind, Data: data}); err != nil {
		return err
	}
	s.hub.Changed()
	return s.tellAndGo(w, r, v, "success", "The picture is up.", adminPath(p.ID))
}

func adminPath(id int64) string { return "/admin/products/" + strconv.FormatInt(id, 10) }
