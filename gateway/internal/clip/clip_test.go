package clip

import "testing"

func TestText(t *testing.T) {
	for text, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcd", "abcé": "abc", "a\xffb": "ab"} {
		if got := Text(text, 4); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestShown(t *testing.T) {
	for text, want := range map[string]string{"abcd": "abcd", "abcde": "abcd…", "abcé": "abc…", "a\xffb": "a\xffb"} {
		if got := Shown(text, 4); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
