package store

import (
	"errors"
	"strings"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

// spans is a plugin of gorm that makes a span of each statement of a request that is traced. Neither the statement nor its values
// are in it.
type spans struct {
	tracer trace.Tracer
	system string
}

// Name is the plugin's.
func (*spans) Name() string { return "tallygate:spans" }

// Initialize registers the plugin at every kind of statement.
func (s *spans) Initialize(db *gorm.DB) error {
	all := db.Callback()
	const before, after = "tallygate:span", "tallygate:span_end"
	return errors.Join(
		all.Create().Before("gorm:before_create").Register(before, s.begin), all.Create().After("gorm:after_create").Register(after, s.end),
		all.Query().Before("gorm:query").Register(before, s.begin), all.Query().After("gorm:after_query").Register(after, s.end),
		all.Update().Before("gorm:before_update").Register(before, s.begin), all.Update().After("gorm:after_update").Register(after, s.end),
		all.Delete().Before("gorm:before_delete").Register(before, s.begin), all.Delete().After("gorm:after_delete").Register(after, s.end),
		all.Row().Before("gorm:row").Register(before, s.begin), all.Row().After("gorm:row").Register(after, s.end),
		all.Raw().Before("gorm:raw").Register(before, s.begin), all.Raw().After("gorm:raw").Register(after, s.end),
	)
}

func (s *spans) begin(db *gorm.DB) {
	if ctx := db.Statement.Context; trace.SpanFromContext(ctx).IsRecording() {
		ctx, _ = s.tracer.Start(ctx, s.system, trace.WithSpanKind(trace.SpanKindClient))
		db.Statement.Context = ctx
		db.InstanceSet(spanKey, true)
	}
}

// spanKey marks a statement that has a span of its own.
const spanKey = "tallygate:has_span"

func (s *spans) end(db *gorm.DB) {
	if _, ok := db.InstanceGet(spanKey); !ok {
		return
	}
	span := trace.SpanFromContext(db.Statement.Context)
	operation, _, _ := strings.Cut(strings.TrimSpace(db.Statement.SQL.String()), " ")
	if operation = strings.ToUpper(strings.TrimSpace(operation)); operation == "" {
		operation = "QUERY"
	}
	name := operation
	if db.Statement.Table != "" {
		name += " " + db.Statement.Table
		span.SetAttributes(semconv.DBCollectionName(db.Statement.Table))
	}
	span.SetName(name)
	span.SetAttributes(semconv.DBSystemNameKey.String(s.system), semconv.DBOperationName(operation))
	if db.Error != nil && !errors.Is(db.Error, gorm.ErrRecordNotFound) {
		span.SetStatus(codes.Error, "") // the text may have values
	}
	span.End()
}
