// Package alerts has each alert fire: a real gateway gets into each kind of trouble, under
// Prometheus' own storage, engine and rules, in a time of their own. In each kind, those
// alerts fire that should, and no other one; in a gateway that is well, none.
package alerts
