package framing

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// strict says what is wrong with the head of an answer: it has lines and fields that are
// nothing else, and at most one framing.
func strict(head string) error {
	r := bufio.NewReader(strings.NewReader(head + "\r\n\r\n"))
	first, err := readLine(r)
	if err != nil {
		return err
	}
	if len(first) < len("HTTP/1.1 200 ") || first[:9] != "HTTP/1.1 " {
		return fmt.Errorf("the status line %q", first)
	}
	fields, err := readFields(r)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if strings.ContainsFunc(f.value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return fmt.Errorf("the field %q", f)
		}
	}
	lengths, codings := values(fields, "content-length"), values(fields, "transfer-encoding")
	if len(lengths)+len(codings) > 1 {
		return fmt.Errorf("lengths %q and codings %q", lengths, codings)
	}
	return nil
}

// isCut reports whether a client can see that an answer is not whole.
func isCut(method, head, body string) bool {
	if len(head) < len("HTTP/1.1 200") {
		return true
	}
	fields, _ := readFields(bufio.NewReader(strings.NewReader(head[strings.Index(head, "\n")+1:] + "\r\n\r\n")))
	if status := head[9:12]; method == "HEAD" || status == "204" || status == "304" {
		return false
	}
	if lengths := values(fields, "content-length"); len(lengths) == 1 {
		n, err := strconv.Atoi(lengths[0])
		return err != nil || n > len(body)
	}
	if len(values(fields, "transfer-encoding")) == 0 {
		return false
	}
	r := bufio.NewReader(strings.NewReader(body))
	if _, _, err := readChunks(r); err != nil {
		return true
	}
	_, err := r.ReadByte()
	return err != io.EOF
}
