{{/* Labels that say of which release and role something is. Takes {root, role}. */}}
{{- define "assort.selector" -}}
app.kubernetes.io/name: assort
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "assort.labels" -}}
{{ include "assort.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "assort.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "assort.claim" -}}
{{ .Values.files.existingClaim | default (printf "%s-files" .Release.Name) }}
{{- end }}

{{/* Whether MLflow's files are on S3-compatible storage. */}}
{{- define "assort.onS3" -}}
{{- if hasPrefix "s3://" .Values.mlflow.artifactRoot }}yes{{ end -}}
{{- end }}
