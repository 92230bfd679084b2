{{- define "make-emulator.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "make-emulator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "make-emulator.labels" -}}
{{ include "make-emulator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "make-emulator.initFiles" -}}
{{- .Values.existingInitConfigMap | default (printf "%s-init" (include "make-emulator.fullname" .)) -}}
{{- end -}}

{{- define "make-emulator.secret" -}}
{{- .Values.controlKey.existingSecret | default (printf "%s-control" (include "make-emulator.fullname" .)) -}}
{{- end -}}
