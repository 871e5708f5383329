//! Traces: spans of requests and mutations, sent to a collector as OTLP over HTTP. They hold patterns of routes, types
//! of operations, names of mutations, ids, codes and times; never a client's text.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::HeaderMap;
use lethe_kernel::RequestId;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TraceContextExt, TracerProvider};
use opentelemetry::{Context, TraceId};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Config;
use crate::error::Error;

/// The target of the spans that are exported; no other span and no line of the log is.
pub(crate) const TARGET: &str = "lethe_trace";
const PARENT: &str = "traceparent";

/// The export of traces.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    /// Whether the collector took nothing the last time; that was told then.
    failing: Arc<AtomicBool>,
}

impl Traces {
    /// Starts to export, if a collector is configured.
    ///
    /// # Errors
    /// [`Error::Traces`] when the HTTP client cannot be made.
    pub(crate) fn start(config: &Config) -> Result<Option<Self>, Error> {
        let Some(collector) = &config.otlp_endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(collector.traces())
            .build()
            .map_err(|error| Error::Traces(error.to_string()))?;
        let resource = Resource::builder().with_service_name(config.service_name.0.clone()).build();
        let failing = Arc::new(AtomicBool::new(false));
        let exporter = Telling { exporter, failing: failing.clone() };
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Some(Self { provider, failing }))
    }

    /// What takes spans to the export.
    pub(crate) fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("lethe"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
    }

    /// Sends what is waiting, if the collector takes it in that time.
    pub(crate) async fn end(self, within: Duration) {
        let ending = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(within));
        let sent = matches!(tokio::time::timeout(within, ending).await, Ok(Ok(Ok(()))));
        if !sent && !self.failing.load(Ordering::Relaxed) {
            tracing::warn!("the last spans could not be sent to the collector of traces");
        }
    }
}

/// An exporter that says once that the collector is away, and once that it is back.
#[derive(Debug)]
struct Telling<E> {
    exporter: E,
    failing: Arc<AtomicBool>,
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("the collector of traces takes spans again");
                }
            }
            Err(error) => {
                metrics::counter!("lethe_trace_spans_lost_total").increment(spans);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the collector of traces takes no spans; they are lost until it does");
                }
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// The one header of W3C trace context that is read: `tracestate` and `baggage` are a client's text.
struct Parent<'r>(&'r HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(PARENT).iter().filter(|_| key == PARENT);
        let first = values.next()?;
        if values.next().is_some() { None } else { first.to_str().ok() }
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT]
    }
}

/// The span of a request, below the one that its `traceparent` names, and the id of its trace if there is one.
pub(crate) fn request(
    headers: &HeaderMap,
    method: &str,
    route: &str,
    id: RequestId,
) -> (Span, Option<TraceId>) {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Parent(headers));
    let span = tracing::info_span!(
        target: TARGET, parent: None, "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        http.request.method = method, http.route = route, request_id = %id
    );
    let outer = parent.span().span_context().clone();
    if outer.is_valid() && !span.is_disabled() && span.set_parent(parent).is_err() {
        tracing::debug!("a span has no parent although the request names one");
    }
    let own = span.context().span().span_context().clone();
    let trace = [own, outer].into_iter().find(opentelemetry::trace::SpanContext::is_valid);
    (span, trace.map(|context| context.trace_id()))
}

/// Adds to the span of a request how it was answered.
pub(crate) fn answered(span: &Span, status: u16, operation: Option<&'static str>, code: Option<&str>) {
    span.set_attribute("http.response.status_code", i64::from(status));
    if let Some(operation) = operation {
        span.set_attribute("graphql.operation.type", operation);
    }
    if let Some(code) = code {
        span.set_attribute("error.type", code.to_owned());
    }
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}
