package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

func addLiveFlags(c *cobra.Command) {
	c.Flags().Bool("live", false, "ask a running gateway instead of a folder")
	addAdminFlag(c)
}

func addAdminFlag(c *cobra.Command) {
	c.Flags().String("admin", "", "the gateway's admin endpoint (default: FICUS_ADMIN, else "+caddy.DefaultAdminListen+")")
	completeFlag(c, "admin", nothing)
}

// adminURL is where the admin endpoint of the running gateway is.
func adminURL(c *cobra.Command) string {
	address, _ := c.Flags().GetString("admin")
	if address == "" {
		address = os.Getenv("FICUS_ADMIN")
	}
	if address == "" {
		address = caddy.DefaultAdminListen
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return strings.TrimSuffix(address, "/")
}

const adminTimeout = 10 * time.Second

// askLive posts a value to the admin endpoint and reads the answer.
func askLive(c *cobra.Command, path string, value, answer any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return callLive(c, http.MethodPost, path, body, answer)
}

// getLive reads what the admin endpoint shows.
func getLive(c *cobra.Command, path string, answer any) error {
	return callLive(c, http.MethodGet, path, nil, answer)
}

func callLive(c *cobra.Command, method, path string, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(c.Context(), adminTimeout)
	defer cancel()
	url := adminURL(c) + path
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("asking the gateway: %w (is it running? --admin says where its admin endpoint is)", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("asking the gateway: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(apiError(text, response.Status))
	}
	return json.Unmarshal(text, answer)
}

// apiError is what Caddy's admin API says is wrong.
func apiError(text []byte, status string) string {
	var said struct{ Error string }
	if json.Unmarshal(text, &said) == nil && said.Error != "" {
		return said.Error
	}
	return "the gateway answers " + status
}
