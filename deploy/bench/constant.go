package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/deploy/internal/testbed"
)

// serveConstant is what math-service is compared with: plain gin that responds with a constant and logs the same line as
// math-service. It verifies and computes nothing.
func serveConstant(addr string) error {
	gin.SetMode(gin.ReleaseMode)
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("service", "constant")
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		start := time.Now()
		c.Next()
		log.LogAttrs(c, slog.LevelInfo, "request",
			slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Int("status", c.Writer.Status()),
			slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
			slog.Int64("bytes_in", 0), slog.Int("bytes_out", c.Writer.Size()),
			slog.String("request_id", "0123456789abcdef0123456789abcdef"), slog.String("client", "127.0.0.1"),
			slog.Int64("user_id", 1))
	})
	engine.GET("/root", func(c *gin.Context) {
		c.JSON(http.StatusOK, struct {
			Root float64 `json:"root"`
		}{51.42150122383022})
	})
	server := &http.Server{Addr: addr, Handler: engine, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// mathBesideConstant compares math-service with gin that responds with a constant. Both write access logs.
func mathBesideConstant(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	math, mathAddr, err := b.startMath(ctx)
	if err != nil {
		return err
	}
	defer math.stop()
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	constant, err := b.start(ctx, listeningOn(addr), nil, self, "-constant", addr)
	if err != nil {
		return err
	}
	defer constant.stop()
	rows, err := b.measure(ctx, []subject{
		{"math-service", mathAddr, path, tokens, []*process{math}},
		{"gin with a constant", addr, path, tokens, []*process{constant}},
	})
	if err != nil {
		return err
	}
	printRows("math-service beside gin with a constant, access logs on:", rows)
	fmt.Printf("math-service/constant %.2f\n", rows[0].to(rows[1]))
	return nil
}
