package service

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ficus/newservices/internal/shopapi"
)

// invoice is an order's invoice for download, in ranges if asked. It is the same bytes each time, on both
// sides, so a download that began on one goes on at the other: its tag is a strong one.
func (s *Service) invoice(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	o, err := s.ownOrder(r, v)
	if err != nil {
		return err
	}
	data, err := invoiceCSV(o)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="invoice-%d.csv"`, o.ID))
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
	http.ServeContent(w, r, "", o.PlacedAt, bytes.NewReader(data))
	return nil
}

func invoiceCSV(o order) ([]byte, error) {
	to := o.Address
	rows := [][]string{
		{"Marlow & Finch", "Invoice", strconv.FormatInt(o.ID, 10), "Date", paperDate(o.PlacedAt)},
		{"To", noFormula(to.Name), noFormula(to.Street), noFormula(to.Postcode + " " + to.City), noFormula(to.Country)},
		{"Article", "Product", "Price", "Pieces", "Total"},
	}
	for _, l := range o.Lines {
		rows = append(rows, []string{
			l.SKU, noFormula(l.Name), shopapi.PriceText(l.PriceCents), strconv.FormatInt(l.Quantity, 10), shopapi.PriceText(l.TotalCents()),
		})
	}
	rows = append(rows, []string{"", "Total in " + currency, "", strconv.FormatInt(o.Count(), 10), shopapi.PriceText(o.TotalCents)})
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return nil, fmt.Errorf("writing the invoice of order %d: %w", o.ID, err)
	}
	return text.Bytes(), nil
}

// noFormula keeps a spreadsheet from taking text for a formula.
func noFormula(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}
