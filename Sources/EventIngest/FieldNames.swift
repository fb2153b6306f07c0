import DeployModel

/// The names under which fields of each role are met, the most telling first. From OpenTelemetry's conventions and their
/// predecessors, and from what loggers and exporters write.
enum FieldNames {
    static func names(_ role: FieldRole) -> [String] {
        switch role {
        case .time:
            [
                "timestamp", "@timestamp", "time", "ts", "_time", "event_time", "datetime", "date",
                "Timestamp UTC",
                "created_at", "start_time", "timeUnixNano", "startTimeUnixNano", "minute", "bucket", "t",
                "TimeGenerated", "time_iso8601", "msec",
            ]
        case .error:
            [
                "error", "is_error", "failed", "failure", "success", "ok", "event.outcome", "outcome",
                "http.response.status_code", "http.status_code", "status_code", "response_code", "status",
                "code",
                "status.code", "error.type", "exception.type", "err", "log.level", "level", "severity",
                "detected_level", "LogLevel", "severity_text", "SeverityText", "severityText",
            ]
        case .errors: ["errors", "error", "error_count", "failures", "failed", "errors_total"]
        case .successes: ["successes", "success", "success_count", "ok", "succeeded"]
        case .count: ["count", "total", "events", "requests", "n", "requests_total"]
        case .errorKinds: ["error_kinds", "error_types", "errors_by_type"]
        case .weight:
            [
                "samplerate", "sample_rate", "SampleRate", "sampling.rate", "meta.sample_rate",
                "__sampleRate", "weight", "itemCount",
            ]
        case .workload:
            [
                "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name",
                "kube_deployment",
                "kubernetes.deployment.name", "deployment", "workload", "k8s.job.name",
            ]
        case .pod:
            [
                "k8s.pod.name", "pod", "pod_name", "kubernetes.pod_name", "kubernetes.pod.name",
                "kubernetes_pod_name",
                "resource.labels.pod_name", "podName", "k8s_pod", "instance", "host.name", "hostname", "host",
            ]
        case .message:
            [
                "error.message", "exception.message", "error_message", "message", "msg", "err", "error",
                "log", "body",
            ]
        case .version:
            [
                "service.version", "version", "app.version", "git.sha", "git.commit.sha", "release", "build",
                "image.tag",
            ]
        case .duration:
            [
                "duration_ms", "duration", "latency_ms", "latency", "elapsed_ms", "request_time", "took_ms",
                "response_time",
            ]
        }
    }

    /// What stands for the workload where events name neither it nor a pod.
    static let services = ["service.name", "service", "service_name", "app", "job", "unit"]

    /// The first field of a role's names that also looks like one; a field that was empty so far only when no other does.
    static func first(_ role: FieldRole, in survey: FieldSurvey, where fits: (FieldSurvey.Field) -> Bool)
        -> String?
    {
        let fitting = names(role).compactMap { survey.matching($0) }.filter(fits)
        return (fitting.first { $0.count > 0 } ?? fitting.first)?.name
    }
}
