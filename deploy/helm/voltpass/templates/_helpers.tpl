{{- define "voltpass.name" -}}
{{- if contains "voltpass" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-voltpass" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Takes a list: the root, and the role. */}}
{{- define "voltpass.selector" -}}
app.kubernetes.io/name: voltpass
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "voltpass.labels" -}}
{{ include "voltpass.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{- define "voltpass.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What all pods have. */}}
{{- define "voltpass.pod" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "voltpass.placement" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $of := index $root.Values $role -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "voltpass.selector" . | nindent 8 }}
{{- with $of.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $of.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ $of.terminationGracePeriodSeconds }}
{{- end }}

{{- define "voltpass.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Settings of every role. */}}
{{- define "voltpass.environment" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
- {name: VOLTPASS_SECRETS_DIR, value: /run/secrets/voltpass}
- {name: NUMBA_CACHE_DIR, value: /var/cache/numba}
{{- with $root.Values.database }}
- {name: VOLTPASS_DATABASE_TLS, value: {{ .tls | quote }}}
{{- if .caSecret }}
- {name: VOLTPASS_DATABASE_CA_FILE, value: /run/secrets/database-ca/ca.crt}
{{- end }}
{{- end }}
{{- if eq $role "consume" }}
{{- with $root.Values.kafka }}
- {name: VOLTPASS_KAFKA_BOOTSTRAP, value: {{ .bootstrap | quote }}}
- {name: VOLTPASS_TOPICS, value: {{ .topics | quote }}}
- {name: VOLTPASS_METER_EVENT_TOPICS, value: {{ .meterEventTopics | default "," | quote }}}
- {name: VOLTPASS_GROUP, value: {{ .group | quote }}}
- {name: VOLTPASS_KAFKA_TLS, value: {{ .tls | quote }}}
{{- if .caSecret }}
- {name: VOLTPASS_KAFKA_CA_FILE, value: /run/secrets/kafka-ca/ca.crt}
{{- end }}
{{- if .saslMechanism }}
- {name: VOLTPASS_KAFKA_SASL_MECHANISM, value: {{ .saslMechanism | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := $root.Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* Where they may write, and what they are told in confidence. */}}
{{- define "voltpass.mounts" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
- {name: tmp, mountPath: /tmp}
- {name: numba, mountPath: /var/cache/numba}
- {name: secrets, mountPath: /run/secrets/voltpass, readOnly: true}
{{- if $root.Values.database.caSecret }}
- {name: database-ca, mountPath: /run/secrets/database-ca, readOnly: true}
{{- end }}
{{- if and $root.Values.kafka.caSecret (eq $role "consume") }}
- {name: kafka-ca, mountPath: /run/secrets/kafka-ca, readOnly: true}
{{- end }}
{{- end }}

{{- define "voltpass.volumes" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $database := $root.Values.database -}}
{{- $kafka := $root.Values.kafka -}}
- name: tmp
  emptyDir: {sizeLimit: {{ $root.Values.tmpSizeLimit }}}
- name: numba
  emptyDir: {sizeLimit: {{ $root.Values.numbaCacheSizeLimit }}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ ternary $database.ownerSecret $database.secret (eq $role "migrate") }}
          items:
            - {key: {{ ternary $database.ownerKey $database.key (eq $role "migrate") }}, path: voltpass_database_dsn}
      {{- if and $kafka.saslSecret (eq $role "consume") }}
      - secret:
          name: {{ $kafka.saslSecret }}
          items:
            - {key: username, path: voltpass_kafka_sasl_username}
            - {key: password, path: voltpass_kafka_sasl_password}
      {{- end }}
{{- if $database.caSecret }}
- name: database-ca
  secret: {secretName: {{ $database.caSecret }}, defaultMode: 0440}
{{- end }}
{{- if and $kafka.caSecret (eq $role "consume") }}
- name: kafka-ca
  secret: {secretName: {{ $kafka.caSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{/* The compiled kernels of the image, where numba may write beside them. */}}
{{- define "voltpass.kernels" -}}
{{- $root := index . 0 -}}
- name: kernels
  image: {{ include "voltpass.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  command: [cp, --recursive, --preserve=timestamps, /opt/voltpass/numba/., /var/cache/numba/]
  resources:
    requests: {cpu: 50m, memory: 32Mi}
    limits: {memory: 128Mi}
  {{- include "voltpass.containerSecurity" $root | nindent 2 }}
  volumeMounts:
    - {name: numba, mountPath: /var/cache/numba}
{{- end }}

{{/* Takes the name of a port. A start may wait for the database, or compile. */}}
{{- define "voltpass.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}
