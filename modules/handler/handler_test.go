package handler

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"ficus/gateway/authz"
	"ficus/gateway/identity"
	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
)

func TestCaddyfile(t *testing.T) {
	for _, tc := range []struct{ text, want, err string }{
		{"ficus", `{}`, ""},
		{"ficus {\n forwarded\n request_id\n}", `{"forwarded":true,"request_id":"X-Request-Id"}`, ""},
		{"ficus {\n request_id X-Correlation-ID\n}", `{"request_id":"X-Correlation-ID"}`, ""},
		{"ficus {\n request_id A\n request_id B\n}", "", "given twice"},
		{"ficus {\n request_id A B\n}", "", "wrong argument count"},
		{"ficus {\n fowarded\n}", "", `unknown key "fowarded" (known: forwarded, request_id)`},
		{"ficus here", "", "wrong argument count"},
	} {
		var h Handler
		err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.text))
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: %v, want %q", tc.text, err, tc.err)
			}
			continue
		}
		got, failed := json.Marshal(h)
		if err := errors.Join(err, failed); err != nil || string(got) != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.text, got, err, tc.want)
		}
	}
}

func TestFields(t *testing.T) {
	entry := routetable.Entry{ID: "cart", Stage: route.StageCanary, Backend: "cart", Mode: route.Observe}
	times := map[string]any{"total_ms": 1.5, "backend_ms": 0., "overhead_ms": .25, "received_bytes": int64(0), "sent_bytes": int64(0)}
	for name, tc := range map[string]struct {
		x    *pipeline.Exchange
		want map[string]any
	}{
		"refused before a side was chosen": {
			&pipeline.Exchange{},
			map[string]any{"route": "cart", "stage": "canary", "side": "legacy", "backend": "legacy"},
		},
		"cohort, principal and policy": {
			&pipeline.Exchange{
				Side: route.New, Clock: split.ClockFile, Cohort: 7, Source: route.Source{Kind: route.FromClientIP},
				Principal: &identity.Principal{ID: "jane@example.com", Source: "shop"}, Decision: &authz.Decision{Cause: authz.Denied},
			},
			map[string]any{
				"route": "cart", "stage": "canary", "side": "new", "backend": "cart", "clock": "file", "tries": int64(0), "cohort": int64(7), "cohort_from": "client_ip",
				"policy": "denied", "policy_cause": "denied", "policy_mode": "observe", "principal": "0123456789abcdef", "identified_by": "shop",
			},
		},
		"killed": {
			&pipeline.Exchange{Clock: split.ClockKill, Cohort: -1},
			map[string]any{"route": "cart", "stage": "canary", "side": "legacy", "backend": "legacy", "clock": "kill", "killed": true, "tries": int64(0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.x.Entry, tc.x.Took, tc.x.Overhead = &entry, 1500*time.Microsecond, 250*time.Microsecond
			for key, value := range times {
				tc.want[key] = value
			}
			got := zapcore.NewMapObjectEncoder()
			zap.Inline(zapcore.ObjectMarshalerFunc(func(to zapcore.ObjectEncoder) error {
				for _, f := range fields(tc.x, "0123456789abcdef") {
					f.AddTo(to)
				}
				return nil
			})).AddTo(got)
			if diff := cmp.Diff(tc.want, got.Fields); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
