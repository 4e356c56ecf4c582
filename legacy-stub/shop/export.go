package shop

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"ficus/legacy-stub/shop/store"
)

const (
	exportDays    = 1825 // five years, if the request does not say
	exportMost    = 3650
	exportBuffer  = 64 << 10         // bytes between two flushes
	exportTimeout = 30 * time.Second // for the client to take them
)

// export streams the sales of the last years, day by day and product by product, and then the lines of the orders: tens of megabytes that
// are never in memory together. The history before the shop's first day is made up, always alike for the same database.
func (s *Shop) export(w http.ResponseWriter, r *http.Request, _ *visit) error {
	days, err := number(r.URL.Query(), "days", exportDays, exportMost)
	if err != nil {
		return err
	}
	until, err := s.db.SeededAt(r.Context())
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="sales.csv"`)
	h.Set("Cache-Control", "private, no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	out := bufio.NewWriterSize(&flushWriter{w: w, control: http.NewResponseController(w)}, exportBuffer)
	if err := s.writeSales(r.Context(), out, until, days); err != nil {
		if r.Context().Err() == nil {
			s.log.WarnContext(r.Context(), "exporting sales", "error", err)
		}
		panic(http.ErrAbortHandler) // half a file must look like half a file
	}
	return nil
}

// flushWriter sends on at once what it is given.
type flushWriter struct {
	w       io.Writer
	control *http.ResponseController
}

func (f *flushWriter) Write(b []byte) (int, error) {
	err := f.control.SetWriteDeadline(time.Now().Add(exportTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := f.w.Write(b)
	if err != nil {
		return n, err
	}
	return n, f.control.Flush()
}

func (s *Shop) writeSales(ctx context.Context, out *bufio.Writer, until time.Time, days int) error {
	if _, err := out.WriteString("source,date,sku,product,category,price,pieces,revenue\n"); err != nil {
		return err
	}
	for after := int64(0); ; {
		list, err := s.db.ProductsFrom(ctx, after, 50)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, p := range list {
			after = p.ID
			if err := writeHistory(ctx, out, p, until, days); err != nil {
				return err
			}
		}
	}
	if err := s.writeOrders(ctx, out); err != nil {
		return err
	}
	return out.Flush()
}

// writeHistory writes a line for each day of a product's past.
func writeHistory(ctx context.Context, out *bufio.Writer, p store.Product, until time.Time, days int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	middle := "," + p.SKU + "," + csvField(p.Name) + "," + p.Category + "," + string(asPriceText(p.PriceCents)) + ","
	day := until.UTC().Truncate(24*time.Hour).AddDate(0, 0, -days)
	line := make([]byte, 0, 128)
	for n := range days {
		pieces := soldOn(p.ID, int64(n))
		line = append(line[:0], "history,"...)
		line = day.AddDate(0, 0, n).AppendFormat(line, time.DateOnly)
		line = append(line, middle...)
		line = strconv.AppendInt(line, pieces, 10)
		line = append(line, ',')
		line = append(line, asPriceText(pieces*p.PriceCents)...)
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// soldOn makes up how many pieces were sold on a day: mostly few, sometimes many.
func soldOn(product, day int64) int64 {
	x := uint64(product)*0x9e3779b97f4a7c15 ^ uint64(day)*0xbf58476d1ce4e5b9 // numbers to mix
	x ^= x >> 31
	x *= 0x94d049bb133111eb
	x ^= x >> 29
	n := int64(x % 7)
	if x>>32%23 == 0 {
		n += int64(x >> 40 % 19)
	}
	return n
}

func (s *Shop) writeOrders(ctx context.Context, out *bufio.Writer) error {
	table := csv.NewWriter(out)
	for after := int64(0); ; {
		list, err := s.db.OrdersFrom(ctx, after, 50)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, o := range list {
			after = o.ID
			for _, l := range o.Lines {
				err := table.Write([]string{
					fmt.Sprintf("order %d", o.ID), o.PlacedAt.UTC().Format(time.DateOnly), l.SKU, safeCell(l.Name), "",
					string(asPriceText(l.PriceCents)), strconv.FormatInt(l.Quantity, 10), string(asPriceText(l.TotalCents())),
				})
				if err != nil {
					return err
				}
			}
		}
	}
	table.Flush()
	return table.Error()
}
