{{- define "workspace-bot.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "workspace-bot.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "workspace-bot.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "workspace-bot.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "workspace-bot.selector" -}}
app.kubernetes.io/name: {{ include "workspace-bot.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "workspace-bot.labels" -}}
{{ include "workspace-bot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "workspace-bot.serviceAccount" -}}
{{- default (include "workspace-bot.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "workspace-bot.claim" -}}
{{- default (include "workspace-bot.fullname" .) .Values.persistence.existingClaim }}
{{- end }}

{{- define "workspace-bot.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "workspace-bot.files" -}}
config.toml: |
  {{- range $name, $spec := .Values.specs }}
  [specs.{{ $name }}]
  {{- range $key, $value := $spec }}
  {{ $key }} = {{ if kindIs "string" $value }}{{ $value | quote }}{{ else }}{{ int $value }}{{ end }}
  {{- end }}
  {{- end }}
{{- if .Values.policy }}
policy.toml: |
  {{- .Values.policy | nindent 2 }}
{{- end }}
{{- range $name, $text := .Values.files }}
{{ $name | quote }}: |
  {{- $text | nindent 2 }}
{{- end }}
{{- end }}
