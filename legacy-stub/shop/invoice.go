package shop

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ficus/legacy-stub/shop/store"
)

// invoice is an order's invoice for download, in ranges if asked. It is the same bytes each time, so its tag is a strong one.
func (s *Shop) invoice(w http.ResponseWriter, r *http.Request, v *visit) error {
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

func invoiceCSV(o store.Order) ([]byte, error) {
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	rows := [][]string{
		{"Marlow & Finch", "Invoice", strconv.FormatInt(o.ID, 10), "Date", paperDate(o.PlacedAt)},
		{"To", safeCell(o.Address.Name), safeCell(o.Address.Street), safeCell(o.Address.Postcode + " " + o.Address.City), safeCell(o.Address.Country)},
		{"Article", "Product", "Price", "Pieces", "Total"},
	}
	for _, l := range o.Lines {
		rows = append(rows, []string{
			l.SKU, safeCell(l.Name), string(asPriceText(l.PriceCents)), strconv.FormatInt(l.Quantity, 10), string(asPriceText(l.TotalCents())),
		})
	}
	rows = append(rows, []string{"", "Total in " + currency, "", strconv.FormatInt(o.Count(), 10), string(asPriceText(o.TotalCents))})
	if err := out.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("writing the invoice of order %d: %w", o.ID, err)
	}
	return buf.Bytes(), nil
}

// safeCell keeps a spreadsheet from taking text for a formula.
func safeCell(text string) string {
	if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "@") {
		return "'" + text
	}
	return text
}

// csvField is a text as one field of a CSV line.
func csvField(text string) string {
	text = safeCell(text)
	if strings.ContainsAny(text, ",\"\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}
