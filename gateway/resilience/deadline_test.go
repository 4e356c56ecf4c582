package resilience

import (
	"testing"
	"time"
)

func TestReadingDeadlines(t *testing.T) {
	for _, tt := range []struct {
		text      string
		millis    time.Duration
		asTimeout time.Duration
	}{
		{"1500", 1500 * time.Millisecond, 0},
		{"1500m", 0, 1500 * time.Millisecond},
		{"3S", 0, 3 * time.Second},
		{"1H", 0, time.Hour},
		{"99999999H", 0, maxDeadline},
		{"999999999H", 0, 0},
		{"100n", 0, 100 * time.Nanosecond},
		{"0", 0, 0}, {"0S", 0, 0}, {"-5", 0, 0}, {"-5S", 0, 0}, {"+5", 0, 0}, {"+5S", 0, 0}, {"", 0, 0}, {"S", 0, 0},
		{"1.5", 0, 0}, {"1e3", 0, 0}, {" 5", 0, 0}, {"5 S", 0, 0}, {"0x5", 0, 0}, {"٣", 0, 0},
		{"999999999999999999", maxDeadline, 0},
		{"9223372036854775808", 0, 0},
	} {
		if got := parseMilliseconds([]string{tt.text}); got != tt.millis {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.millis)
		}
		if got := parseGRPCTimeout([]string{tt.text}); got != tt.asTimeout {
			t.Errorf("grpc-timeout %q: %v, want %v", tt.text, got, tt.asTimeout)
		}
	}
	if parseMilliseconds([]string{"5", "6"}) != 0 || parseGRPCTimeout([]string{"5S", "6S"}) != 0 || parseMilliseconds(nil) != 0 {
		t.Error("of several nobody knows which one counts")
	}
}

func FuzzDeadline(f *testing.F) {
	for _, text := range []string{"1500", "3S", "-1", "99999999H", "99999999999999999999", "1\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []time.Duration{parseMilliseconds([]string{text}), parseGRPCTimeout([]string{text})} {
			if got < 0 || got > maxDeadline {
				t.Errorf("%q: %v", text, got)
			}
			if got == 0 {
				continue
			}
			written := formatGRPCTimeout(got)
			if again := parseGRPCTimeout([]string{written}); again > got || got-again > got/1e6 {
				t.Errorf("%v was written as %q, which is %v", got, written, again)
			}
		}
	})
}

func TestWritingTimeThatHasPassed(t *testing.T) {
	if got := formatGRPCTimeout(-time.Second); got != "1n" {
		t.Errorf("got %q", got)
	}
}
