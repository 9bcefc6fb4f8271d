package pgconnect

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"tallygate/kit/turn"
)

const (
	// connectTimeout bounds connecting. It is longer than a call of the store may take: a busy machine needs seconds for the
	// handshakes of all replicas at once, and each call has a timeout of its own.
	connectTimeout = 5 * time.Second
	// patience is how long a host may say nothing until another attempt is made beside the first.
	patience = time.Second
	// connLife is when a connection is replaced, or up to half as late again: not all of them at the same moment.
	connLife = time.Hour
	// maxWaiting bounds those who wait to connect.
	maxWaiting = 2000
)

// ErrNotConnected means that others were still connecting when the time was over.
var ErrNotConnected = errors.New("no turn to connect")

// ErrReadOnly means that a server was reached that takes no writes: a standby, or one that was set so.
var ErrReadOnly = errors.New("the server is read-only")

// Server is a database at one address, or at several of which one takes writes. Safe for concurrent use.
type Server struct {
	hosts []host
	good  atomic.Int32 // the host to begin with: the one that was connected to last
	trust trust
	// pooled is whether a pooler was there when a connection was opened last.
	pooled atomic.Bool
	// fixed is whether the address itself says how statements are sent.
	fixed bool
}

// host opens connections to one host.
type host struct {
	direct driver.Connector // statements are prepared once for a connection, under a name
	pooled driver.Connector // each transaction may be at another connection of the pooler: nothing has a name
}

// Check returns every mistake in a postgres:// address, joined. It does not connect.
func Check(url string) error {
	_, err := parse(url)
	return err
}

// Open prepares connections to the database at a postgres:// address. It does not connect.
func Open(url string) (*Server, error) {
	cfg, err := parse(url)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "tallygate auth-service"
	}
	cfg.DialFunc = dialer(cfg.ConnectTimeout / 2).DialContext
	cfg.ValidateConnect = inspect
	s := &Server{fixed: strings.Contains(url, "default_query_exec_mode=")}
	options := []stdlib.OptionOpenDB{
		stdlib.OptionResetSession(s.trust.check),
		stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }), // check does
	}
	for _, one := range hostsOf(cfg) {
		to := host{direct: stdlib.GetConnector(*one, options...)}
		if !s.fixed {
			one = one.Copy()
			one.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
		to.pooled = stdlib.GetConnector(*one, options...)
		s.hosts = append(s.hosts, to)
	}
	return s, nil
}

// hostsOf splits a configuration into one for each host. A host may have several fallbacks: with TLS and without.
func hostsOf(cfg *pgx.ConnConfig) (hosts []*pgx.ConnConfig) {
	all := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	for i, one := range all {
		if i > 0 && one.Host == all[i-1].Host && one.Port == all[i-1].Port {
			last := hosts[len(hosts)-1]
			last.Fallbacks = append(last.Fallbacks, one)
			continue
		}
		host := cfg.Copy()
		host.Host, host.Port, host.TLSConfig, host.Fallbacks = one.Host, one.Port, one.TLSConfig, nil
		hosts = append(hosts, host)
	}
	return hosts
}

// Connector returns a connector for a pool, which opens a few connections at once. When all have broken, a handshake at a time is
// soon over; a dozen of them, in each replica, take each other's time until all have timed out.
func (s *Server) Connector(atOnce int) driver.Connector {
	return &connector{server: s, turns: turn.NewLine(atOnce, maxWaiting)}
}

type connector struct {
	server *Server
	turns  *turn.Line
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.server.hosts[0].direct.Driver() }

// Connect implements driver.Connector. It waits for its turn.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.turns.Take(ctx, 0); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotConnected, err)
	}
	defer c.turns.Leave()
	return c.server.connect(ctx)
}

// attempt is the end of one attempt to connect.
type attempt struct {
	host int
	conn driver.Conn
	err  error
}

// connect tries the hosts, first the one that was connected to last. While a host says nothing, the next one is tried beside it,
// and a single one once more: behind its name may be another server since.
func (s *Server) connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first, most := int(s.good.Load()), max(len(s.hosts), 2)
	ends := make(chan attempt, most)
	begun, ended := 0, 0
	begin := func() {
		host := (first + begun) % len(s.hosts)
		begun++
		go func() {
			conn, err := s.connectTo(ctx, s.hosts[host])
			ends <- attempt{host, conn, err}
		}()
	}
	defer func() { // cancel has been called, or all have ended
		go closeAll(ends, begun-ended)
	}()
	var errs []error
	again := time.NewTicker(patience)
	defer again.Stop()
	for begin(); ; {
		select {
		case end := <-ends:
			ended++
			if end.err == nil {
				s.good.Store(int32(end.host))
				s.trust.connected()
				return end.conn, nil
			}
			if Full(end.err) {
				s.trust.noRoom()
			}
			if errs = append(errs, end.err); begun < len(s.hosts) {
				begin()
			}
			if ended == begun {
				// Whoever has little time begins with another host next time, and not again with one that says nothing.
				s.good.CompareAndSwap(int32(first), int32((first+1)%len(s.hosts)))
				return nil, errors.Join(errs...)
			}
		case <-again.C:
			if begun < most {
				begin()
			}
		}
	}
}

// connectTo connects to one host. A connection that was opened for a server, and led to a pooler, is opened once more.
func (s *Server) connectTo(ctx context.Context, to host) (driver.Conn, error) {
	connect := to.direct.Connect
	expected := s.pooled.Load()
	if expected {
		connect = to.pooled.Connect
	}
	conn, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	f := factsOf(conn.(*stdlib.Conn).Conn()) //nolint:forcetypeassert // stdlib's connector has no other
	s.pooled.Store(f.pooled)
	if expected || s.fixed || !f.pooled {
		return conn, nil
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	return to.pooled.Connect(ctx)
}

// closeAll closes the connections of attempts that come too late.
func closeAll(ends <-chan attempt, n int) {
	for range n {
		if end := <-ends; end.err == nil {
			_ = end.conn.Close() // nobody has used it
		}
	}
}

// inspect asks a new connection what it leads to. A server that takes no writes is none: the next host is tried. A pooler is known by
// the process that works behind it: it is not the one that the connection was opened with.
func inspect(ctx context.Context, conn *pgconn.PgConn) error {
	results, err := conn.Exec(ctx, "select pg_backend_pid(), current_setting('transaction_read_only')").ReadAll()
	if err != nil {
		return err
	}
	row, err := onlyRow(results, 2)
	if err != nil {
		return err
	}
	if row[1] != "off" {
		return ErrReadOnly
	}
	now := time.Now()
	spread := time.Duration(conn.PID()) * time.Second % (connLife / 2)
	conn.CustomData()[factsKey] = &facts{
		opened: now, verified: now, used: now, end: now.Add(connLife + spread),
		pooled: row[0] != strconv.FormatUint(uint64(conn.PID()), 10),
	}
	return nil
}

// writable returns ErrReadOnly for a connection to a server that takes no writes.
func writable(ctx context.Context, conn *pgconn.PgConn) error {
	results, err := conn.Exec(ctx, "show transaction_read_only").ReadAll()
	if err != nil {
		return err
	}
	row, err := onlyRow(results, 1)
	if err == nil && row[0] != "off" {
		err = ErrReadOnly
	}
	return err
}

// onlyRow returns the single row of a query.
func onlyRow(results []*pgconn.Result, columns int) (row []string, err error) {
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != columns {
		return nil, errors.New("the server answers like no PostgreSQL")
	}
	for _, value := range results[0].Rows[0] {
		row = append(row, string(value))
	}
	return row, nil
}
