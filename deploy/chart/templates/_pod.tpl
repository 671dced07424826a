{{/*
The pod of a role. Takes {root, role, own} and, where they differ from what is usual:
  command   what `assort run` is told (the role's name)
  secret    whose Secret it reads (the role's)
  files     parts of the claim, by where they are found: [{at, from, readOnly}]
  serves    the name and number of a port that others come in by: {name, port}
  metrics   names of ports with metrics, by number ({9102: metrics})
  environment  more variables
  ends      whether it ends by itself, as jobs do
*/}}
{{- define "assort.pod" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $metrics := .metrics | default (dict "metrics" 9102) -}}
metadata:
  labels:
    {{- include "assort.selector" . | nindent 4 }}
    {{- with .labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  # It asks nothing of Kubernetes.
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .own.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .own.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- if .ends }}
  restartPolicy: Never
  {{- else }}
  # Longer than what is in hand takes to end: requests 8 s, workers 10 s, and the 5 s until nobody asks any more.
  terminationGracePeriodSeconds: 60
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "assort.selector" . | nindent 10 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ $values.user }}
    runAsGroup: {{ $values.user }}
    fsGroup: {{ $values.user }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .role }}
      image: {{ include "assort.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{ prepend (.command | default (list .role)) "run" | toJson }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      envFrom:
        - secretRef: {name: {{ .secret | default (printf "%s-%s" $values.secrets.prefix .role) }}}
        {{- with .s3 }}
        - secretRef: {name: {{ . }}}
        {{- end }}
      env:
        {{- range $name, $text := include "assort.environment" . | fromYaml }}
        - {name: {{ $name }}, value: {{ $text | toString | quote }}}
        {{- end }}
      resources: {{ toYaml .own.resources | nindent 8 }}
      {{- if not .ends }}
      ports:
        - {name: health, containerPort: 9000}
        {{- range $name, $port := $metrics }}
        - {name: {{ $name }}, containerPort: {{ $port }}}
        {{- end }}
        {{- with .serves }}
        - {name: {{ .name }}, containerPort: {{ .port }}}
        {{- end }}
      startupProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 2
        failureThreshold: 60
        timeoutSeconds: 5
      livenessProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 10
        failureThreshold: 6
        timeoutSeconds: 5
      readinessProbe:
        httpGet: {path: /readyz, port: health}
        periodSeconds: 5
        failureThreshold: 2
        timeoutSeconds: 5
      {{- if .serves }}
      lifecycle:
        # Until it is out of every list of addresses it is still asked, and still answers.
        preStop: {exec: {command: [sleep, "5"]}}
      {{- end }}
      {{- end }}
      volumeMounts:
        - {name: scratch, mountPath: /data, subPath: data}
        - {name: scratch, mountPath: /tmp, subPath: tmp}
        {{- if $values.authorities }}
        - {name: authorities, mountPath: /etc/assort/authorities, readOnly: true}
        {{- end }}
        {{- range .files }}
        - {name: files, mountPath: /data/{{ .at }}, subPath: {{ .from | default .at }}, readOnly: {{ .readOnly | default false }}}
        {{- end }}
  volumes:
    - {name: scratch, emptyDir: {}}
    {{- with $values.authorities }}
    - {name: authorities, configMap: {name: {{ . }}}}
    {{- end }}
    {{- if .files }}
    - {name: files, persistentVolumeClaim: {claimName: {{ include "assort.claim" $root }}}}
    {{- end }}
{{- end }}

{{/* What a role is told that is no secret. */}}
{{- define "assort.environment" -}}
{{- $values := .root.Values -}}
{{- $said := dict
  "ASSORT_DATA" "/data"
  "ASSORT_HEALTH_LISTEN" "0.0.0.0:9000"
  "ASSORT_METRICS_LISTEN" "0.0.0.0:9102"
  "ASSORT_PUBLIC_URL" $values.publicUrl
  "ASSORT_ENCODER" ($values.encoder | ternary "on" "off")
  "ASSORT_WEB_PROCESSES" "1"
  "ASSORT_PROXIES" (join "," $values.ingress.proxies)
  "ASSORT_WEB_ADDRESS" (printf "http://%s-web:8001" .root.Release.Name) -}}
{{- with $values.signUp }}{{ $_ := set $said "ASSORT_SIGN_UP" . }}{{ end }}
{{- with .serves }}{{ $_ := set $said "ASSORT_LISTEN" (printf "0.0.0.0:%v" .port) }}{{ end -}}
{{- toYaml (merge (.environment | default dict) $values.environment $said) -}}
{{- end }}

{{/* A Deployment of a role, as `assort.pod` takes it, and `replicas`, which an autoscaler decides where there is none. */}}
{{- define "assort.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .name | default .role }}
  labels: {{- include "assort.labels" . | nindent 4 }}
spec:
  {{- if hasKey . "replicas" }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  {{- if .alone }}
  # There is to be one of it, and none for a moment.
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  {{- end }}
  selector:
    matchLabels:
      {{- include "assort.selector" . | nindent 6 }}
      {{- with .labels }}{{ toYaml . | nindent 6 }}{{ end }}
  template: {{- include "assort.pod" . | nindent 4 }}
{{- end }}

{{/* A job of Helm's: {root, role, own, hook, weight, seconds}. */}}
{{- define "assort.hook" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .root.Release.Name }}-{{ .role }}
  labels: {{- include "assort.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-weight: "0"
    # The last one stays, with its log, until the next begins.
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 2
  activeDeadlineSeconds: {{ .seconds }}
  template: {{- include "assort.pod" (merge (dict "ends" true) .) | nindent 4 }}
{{- end }}
