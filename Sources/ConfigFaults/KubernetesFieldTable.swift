/// The fields of the Kubernetes objects that repositories describe most: one type a line, its name and then its
/// fields as `field:TYPE`, read by ``KubernetesFields``.
///
/// Derived from the Kubernetes OpenAPI specification (1.37), copyright The Kubernetes Authors, Apache-2.0.
/// Changed: only the types that these objects are made of are kept, required fields are not marked, and fields
/// that older versions had are added, so that one table serves all of them.
///
/// TYPE begins with `s` for text, `i` for an integer, `n` for a number, `b` for a boolean, `a` for a list, `o` for
/// a map with free keys, `r` for an object, `?` for anything; behind `a`, `o` and `r` stands what is inside, as the
/// number of a line, from 0, or as the letter of a plain type; behind `@` the field that elements are known by.
let kubernetesFieldTable: String = """
    PodDisruptionBudget apiVersion:s kind:s metadata:r8 spec:r4 status:r1
    PodDisruptionBudgetStatus conditions:a3@type currentHealthy:i desiredHealthy:i disruptedPods:o2 \
      disruptionsAllowed:i expectedPods:i observedGeneration:i
    Time
    Condition lastTransitionTime:r2 message:s observedGeneration:i reason:s status:s type:s
    PodDisruptionBudgetSpec maxUnavailable:r7 minAvailable:r7 selector:r5 unhealthyPodEvictionPolicy:s
    LabelSelector matchExpressions:a6 matchLabels:os
    LabelSelectorRequirement key:s operator:s values:as
    IntOrString
    ObjectMeta annotations:os clusterName:s creationTimestamp:r2 deletionGracePeriodSeconds:i \
      deletionTimestamp:r2 finalizers:as generateName:s generation:i initializers:? labels:os \
      managedFields:a10 name:s namespace:s ownerReferences:a9@uid resourceVersion:s selfLink:s uid:s
    OwnerReference apiVersion:s blockOwnerDeletion:b controller:b kind:s name:s uid:s
    ManagedFieldsEntry apiVersion:s fieldsType:s fieldsV1:r11 manager:s operation:s subresource:s time:r2
    FieldsV1
    NetworkPolicy apiVersion:s kind:s metadata:r8 spec:r13
    NetworkPolicySpec egress:a18 ingress:a14 podSelector:r5 policyTypes:as
    NetworkPolicyIngressRule from:a16 ports:a15
    NetworkPolicyPort endPort:i port:r7 protocol:s
    NetworkPolicyPeer ipBlock:r17 namespaceSelector:r5 podSelector:r5
    IPBlock cidr:s except:as
    NetworkPolicyEgressRule ports:a15 to:a16
    Ingress apiVersion:s kind:s metadata:r8 spec:r24 status:r20
    IngressStatus loadBalancer:r21
    IngressLoadBalancerStatus ingress:a22
    IngressLoadBalancerIngress hostname:s ip:s ports:a23
    IngressPortStatus error:s port:i protocol:s
    IngressSpec backend:r29 defaultBackend:r29 ingressClassName:s rules:a26 tls:a25
    IngressTLS hosts:as secretName:s
    IngressRule host:s http:r27
    HTTPIngressRuleValue paths:a28
    HTTPIngressPath backend:r29 path:s pathType:s
    IngressBackend resource:r32 service:r30 serviceName:s servicePort:r7
    IngressServiceBackend name:s port:r31
    ServiceBackendPort name:s number:i
    TypedLocalObjectReference apiGroup:s kind:s name:s
    ServiceAccount apiVersion:s automountServiceAccountToken:b imagePullSecrets:a35 kind:s metadata:r8 \
      secrets:a34@name
    ObjectReference apiVersion:s fieldPath:s kind:s name:s namespace:s resourceVersion:s uid:s
    LocalObjectReference name:s
    Service apiVersion:s kind:s metadata:r8 spec:r41 status:r37
    ServiceStatus conditions:a3@type loadBalancer:r38
    LoadBalancerStatus ingress:a39
    LoadBalancerIngress hostname:s ip:s ipMode:s ports:a40
    PortStatus error:s port:i protocol:s
    ServiceSpec allocateLoadBalancerNodePorts:b clusterIP:s clusterIPs:as deprecatedPublicIPs:as \
      externalIPs:as externalName:s externalTrafficPolicy:s healthCheckNodePort:i internalTrafficPolicy:s \
      ipFamilies:as ipFamily:s ipFamilyPolicy:s loadBalancerClass:s loadBalancerIP:s \
      loadBalancerSourceRanges:as portalIP:s ports:a44@port publishNotReadyAddresses:b selector:os \
      sessionAffinity:s sessionAffinityConfig:r42 topologyKeys:as trafficDistribution:s type:s
    SessionAffinityConfig clientIP:r43
    ClientIPConfig timeoutSeconds:i
    ServicePort appProtocol:s name:s nodePort:i port:i protocol:s targetPort:r7
    Secret apiVersion:s data:os immutable:b kind:s metadata:r8 stringData:os type:s
    ReplicationController apiVersion:s kind:s metadata:r8 spec:r49 status:r47
    ReplicationControllerStatus availableReplicas:i conditions:a48@type fullyLabeledReplicas:i \
      observedGeneration:i readyReplicas:i replicas:i
    ReplicationControllerCondition lastTransitionTime:r2 message:s reason:s status:s type:s
    ReplicationControllerSpec minReadySeconds:i replicas:i selector:os template:r50
    PodTemplateSpec metadata:r8 spec:r51
    PodSpec activeDeadlineSeconds:i affinity:r145 automountServiceAccountToken:b containers:a114@name \
      dnsConfig:r143 dnsPolicy:s enableServiceLinks:b ephemeralContainers:a142@name \
      evictionResponders:a141@name hostAliases:a140@ip hostIPC:b hostNetwork:b hostPID:b hostUsers:b \
      hostname:s hostnameOverride:s imagePullSecrets:a35@name initContainers:a114@name nodeName:s \
      nodeSelector:os os:r113 overhead:o68 preemptionPolicy:s priority:i priorityClassName:s \
      readinessGates:a112 resourceClaims:a111@name resources:r109 restartPolicy:s runtimeClassName:s \
      schedulerName:s schedulingGates:a108@name schedulingGroup:r107 securityContext:r101 serviceAccount:s \
      serviceAccountName:s setHostnameAsFQDN:b shareProcessNamespace:b subdomain:s \
      terminationGracePeriodSeconds:i tolerations:a100 topologySpreadConstraints:a99@topologyKey \
      volumes:a52@name
    Volume awsElasticBlockStore:r98 azureDisk:r97 azureFile:r96 cephfs:r95 cinder:r94 configMap:r93 csi:r92 \
      downwardAPI:r91 emptyDir:r90 ephemeral:r85 fc:r84 flexVolume:r83 flocker:r82 gcePersistentDisk:r81 \
      gitRepo:r80 glusterfs:r79 hostPath:r78 image:r77 iscsi:r76 name:s nfs:r75 persistentVolumeClaim:r74 \
      photonPersistentDisk:r73 portworxVolume:r72 projected:r60 quobyte:r59 rbd:r58 scaleIO:r57 secret:r55 \
      storageos:r54 vsphereVolume:r53
    VsphereVirtualDiskVolumeSource fsType:s storagePolicyID:s storagePolicyName:s volumePath:s
    StorageOSVolumeSource fsType:s readOnly:b secretRef:r35 volumeName:s volumeNamespace:s
    SecretVolumeSource defaultMode:i defaultUser:i items:a56 optional:b secretName:s
    KeyToPath key:s mode:i path:s user:i
    ScaleIOVolumeSource fsType:s gateway:s protectionDomain:s readOnly:b secretRef:r35 sslEnabled:b \
      storageMode:s storagePool:s system:s volumeName:s
    RBDVolumeSource fsType:s image:s keyring:s monitors:as pool:s readOnly:b secretRef:r35 user:s
    QuobyteVolumeSource group:s readOnly:b registry:s tenant:s user:s volume:s
    ProjectedVolumeSource defaultMode:i defaultUser:i sources:a61
    VolumeProjection clusterTrustBundle:r71 configMap:r70 downwardAPI:r65 podCertificate:r64 secret:r63 \
      serviceAccountToken:r62
    ServiceAccountTokenProjection audience:s expirationSeconds:i path:s user:i
    SecretProjection items:a56 name:s optional:b
    PodCertificateProjection certificateChainPath:s credentialBundlePath:s keyPath:s keyType:s \
      maxExpirationSeconds:i signerName:s user:i userAnnotations:os
    DownwardAPIProjection items:a66
    DownwardAPIVolumeFile fieldRef:r69 mode:i path:s resourceFieldRef:r67 user:i
    ResourceFieldSelector containerName:s divisor:r68 resource:s
    Quantity
    ObjectFieldSelector apiVersion:s fieldPath:s
    ConfigMapProjection items:a56 name:s optional:b
    ClusterTrustBundleProjection labelSelector:r5 name:s optional:b path:s signerName:s user:i
    PortworxVolumeSource fsType:s readOnly:b volumeID:s
    PhotonPersistentDiskVolumeSource fsType:s pdID:s
    PersistentVolumeClaimVolumeSource claimName:s readOnly:b
    NFSVolumeSource path:s readOnly:b server:s
    ISCSIVolumeSource chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn:s iscsiInterface:s \
      lun:i portals:as readOnly:b secretRef:r35 targetPortal:s
    ImageVolumeSource pullPolicy:s reference:s
    HostPathVolumeSource path:s type:s
    GlusterfsVolumeSource endpoints:s path:s readOnly:b
    GitRepoVolumeSource directory:s repository:s revision:s
    GCEPersistentDiskVolumeSource fsType:s partition:i pdName:s readOnly:b
    FlockerVolumeSource datasetName:s datasetUUID:s
    FlexVolumeSource driver:s fsType:s options:os readOnly:b secretRef:r35
    FCVolumeSource fsType:s lun:i readOnly:b targetWWNs:as wwids:as
    EphemeralVolumeSource volumeClaimTemplate:r86
    PersistentVolumeClaimTemplate metadata:r8 spec:r87
    PersistentVolumeClaimSpec accessModes:as dataSource:r32 dataSourceRef:r89 resources:r88 selector:r5 \
      storageClassName:s volumeAttributesClassName:s volumeMode:s volumeName:s
    VolumeResourceRequirements limits:o68 requests:o68
    TypedObjectReference apiGroup:s kind:s name:s namespace:s
    EmptyDirVolumeSource medium:s mode:i sizeLimit:r68
    DownwardAPIVolumeSource defaultMode:i defaultUser:i items:a66
    CSIVolumeSource driver:s fsType:s nodePublishSecretRef:r35 readOnly:b volumeAttributes:os
    ConfigMapVolumeSource defaultMode:i defaultUser:i items:a56 name:s optional:b
    CinderVolumeSource fsType:s readOnly:b secretRef:r35 volumeID:s
    CephFSVolumeSource monitors:as path:s readOnly:b secretFile:s secretRef:r35 user:s
    AzureFileVolumeSource readOnly:b secretName:s shareName:s
    AzureDiskVolumeSource cachingMode:s diskName:s diskURI:s fsType:s kind:s readOnly:b
    AWSElasticBlockStoreVolumeSource fsType:s partition:i readOnly:b volumeID:s
    TopologySpreadConstraint labelSelector:r5 matchLabelKeys:as maxSkew:i minDomains:i nodeAffinityPolicy:s \
      nodeTaintsPolicy:s topologyKey:s whenUnsatisfiable:s
    Toleration effect:s key:s operator:s tolerationSeconds:i value:s
    PodSecurityContext appArmorProfile:r106 fsGroup:i fsGroupChangePolicy:s runAsGroup:i runAsNonRoot:b \
      runAsUser:i seLinuxChangePolicy:s seLinuxOptions:r105 seccompProfile:r104 supplementalGroups:ai \
      supplementalGroupsPolicy:s sysctls:a103 windowsOptions:r102
    WindowsSecurityContextOptions gmsaCredentialSpec:s gmsaCredentialSpecName:s hostProcess:b \
      runAsUserName:s
    Sysctl name:s value:s
    SeccompProfile localhostProfile:s type:s
    SELinuxOptions level:s role:s type:s user:s
    AppArmorProfile localhostProfile:s type:s
    PodSchedulingGroup podGroupName:s
    PodSchedulingGate name:s
    ResourceRequirements claims:a110@name limits:o68 requests:o68
    ResourceClaim name:s request:s
    PodResourceClaim name:s resourceClaimName:s resourceClaimTemplateName:s
    PodReadinessGate conditionType:s
    PodOS name:s
    Container args:as command:as env:a135@name envFrom:a132 image:s imagePullPolicy:s lifecycle:r129 \
      livenessProbe:r117 name:s ports:a128@containerPort readinessProbe:r117 resizePolicy:a127 \
      resources:r109 restartPolicy:s restartPolicyRules:a125 securityContext:r123 startupProbe:r117 stdin:b \
      stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:a116@devicePath \
      volumeMounts:a115@mountPath workingDir:s
    VolumeMount bindMountOptions:as mountPath:s mountPropagation:s name:s readOnly:b recursiveReadOnly:s \
      subPath:s subPathExpr:s
    VolumeDevice devicePath:s name:s
    Probe exec:r122 failureThreshold:i grpc:r121 httpGet:r119 initialDelaySeconds:i periodSeconds:i \
      successThreshold:i tcpSocket:r118 terminationGracePeriodSeconds:i timeoutSeconds:i
    TCPSocketAction host:s port:r7
    HTTPGetAction host:s httpHeaders:a120 path:s port:r7 protocol:s scheme:s
    HTTPHeader name:s value:s
    GRPCAction mode:s port:i service:s
    ExecAction command:as
    SecurityContext allowPrivilegeEscalation:b appArmorProfile:r106 capabilities:r124 privileged:b \
      procMount:s readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:r105 \
      seccompProfile:r104 windowsOptions:r102
    Capabilities add:as drop:as
    ContainerRestartRule action:s exitCodes:r126
    ContainerRestartRuleOnExitCodes operator:s values:ai
    ContainerResizePolicy resourceName:s restartPolicy:s
    ContainerPort containerPort:i hostIP:s hostPort:i name:s protocol:s
    Lifecycle postStart:r130 preStop:r130 stopSignal:s
    LifecycleHandler exec:r122 httpGet:r119 sleep:r131 tcpSocket:r118
    SleepAction seconds:i
    EnvFromSource configMapRef:r134 prefix:s secretRef:r133
    SecretEnvSource name:s optional:b
    ConfigMapEnvSource name:s optional:b
    EnvVar name:s value:s valueFrom:r136
    EnvVarSource configMapKeyRef:r139 fieldRef:r69 fileKeyRef:r138 resourceFieldRef:r67 secretKeyRef:r137
    SecretKeySelector key:s name:s optional:b
    FileKeySelector key:s optional:b path:s volumeName:s
    ConfigMapKeySelector key:s name:s optional:b
    HostAlias hostnames:as ip:s
    EvictionResponder name:s priority:i
    EphemeralContainer args:as command:as env:a135@name envFrom:a132 image:s imagePullPolicy:s \
      lifecycle:r129 livenessProbe:r117 name:s ports:a128@containerPort readinessProbe:r117 \
      resizePolicy:a127 resources:r109 restartPolicy:s restartPolicyRules:a125 securityContext:r123 \
      startupProbe:r117 stdin:b stdinOnce:b targetContainerName:s terminationMessagePath:s \
      terminationMessagePolicy:s tty:b volumeDevices:a116@devicePath volumeMounts:a115@mountPath \
      workingDir:s
    PodDNSConfig nameservers:as options:a144 searches:as
    PodDNSConfigOption name:s value:s
    Affinity nodeAffinity:r150 podAffinity:r149 podAntiAffinity:r146
    PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:a148 \
      requiredDuringSchedulingIgnoredDuringExecution:a147
    PodAffinityTerm labelSelector:r5 matchLabelKeys:as mismatchLabelKeys:as namespaceSelector:r5 \
      namespaces:as topologyKey:s
    WeightedPodAffinityTerm podAffinityTerm:r147 weight:i
    PodAffinity preferredDuringSchedulingIgnoredDuringExecution:a148 \
      requiredDuringSchedulingIgnoredDuringExecution:a147
    NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:a154 \
      requiredDuringSchedulingIgnoredDuringExecution:r151
    NodeSelector nodeSelectorTerms:a152
    NodeSelectorTerm matchExpressions:a153 matchFields:a153
    NodeSelectorRequirement key:s operator:s values:as
    PreferredSchedulingTerm preference:r152 weight:i
    Pod apiVersion:s kind:s metadata:r8 spec:r51 status:r156
    PodStatus allocatedResources:o68 conditions:a179@type containerStatuses:a164 \
      ephemeralContainerStatuses:a164 extendedResourceClaimStatus:r177 hostIP:s hostIPs:a176@ip \
      initContainerStatuses:a164 message:s nodeAllocatableResourceClaimStatuses:a161@resourceClaimName \
      nominatedNodeName:s observedGeneration:i phase:s podIP:s podIPs:a160@ip qosClass:s reason:s resize:s \
      resourceClaimStatuses:a159@name resources:r109 startTime:r2 volumeHealth:a157@name
    PodVolumeHealth healthConditions:a158@status lastTransitionTime:r2 name:s
    VolumeHealthCondition message:s reason:s status:s
    PodResourceClaimStatus name:s resourceClaimName:s
    PodIP ip:s
    NodeAllocatableResourceClaimStatus containers:as mapping:a163@name overhead:a162@name \
      resourceClaimName:s
    NodeAllocatableOverheadResources name:s perContainer:r68 perPod:r68
    NodeAllocatableMappedResources name:s quantity:r68
    ContainerStatus allocatedResources:o68 allocatedResourcesStatus:a174@name containerID:s image:s \
      imageID:s lastState:r170 name:s ready:b resources:r109 restartCount:i started:b state:r170 \
      stopSignal:s user:r168 volumeMounts:a165@mountPath
    VolumeMountStatus mountPath:s name:s readOnly:b recursiveReadOnly:s volumeStatus:r166
    VolumeStatus image:r167
    ImageVolumeStatus imageRef:s
    ContainerUser linux:r169
    LinuxContainerUser gid:i supplementalGroups:ai uid:i
    ContainerState running:r173 terminated:r172 waiting:r171
    ContainerStateWaiting message:s reason:s
    ContainerStateTerminated containerID:s exitCode:i finishedAt:r2 message:s reason:s signal:i startedAt:r2
    ContainerStateRunning startedAt:r2
    ResourceStatus name:s resources:a175@resourceID
    ResourceHealth health:s message:s resourceID:s
    HostIP ip:s
    PodExtendedResourceClaimStatus requestMappings:a178 resourceClaimName:s
    ContainerExtendedResourceRequest containerName:s requestName:s resourceName:s
    PodCondition lastProbeTime:r2 lastTransitionTime:r2 message:s observedGeneration:i reason:s status:s \
      type:s
    PersistentVolumeClaim apiVersion:s kind:s metadata:r8 spec:r87 status:r181
    PersistentVolumeClaimStatus accessModes:as allocatedResourceStatuses:os allocatedResources:o68 \
      capacity:o68 conditions:a184@type currentVolumeAttributesClassName:s healthStatus:r183 \
      modifyVolumeStatus:r182 phase:s
    ModifyVolumeStatus status:s targetVolumeAttributesClassName:s
    VolumeHealthStatus healthConditions:a158@status lastTransitionTime:r2
    PersistentVolumeClaimCondition lastProbeTime:r2 lastTransitionTime:r2 message:s reason:s status:s type:s
    ConfigMap apiVersion:s binaryData:os data:os immutable:b kind:s metadata:r8
    Job apiVersion:s kind:s metadata:r8 spec:r190 status:r187
    JobStatus active:i completedIndexes:s completionTime:r2 conditions:a189@type failed:i failedIndexes:s \
      ready:i startTime:r2 succeeded:i terminating:i uncountedTerminatedPods:r188
    UncountedTerminatedPods failed:as succeeded:as
    JobCondition lastProbeTime:r2 lastTransitionTime:r2 message:s reason:s status:s type:s
    JobSpec activeDeadlineSeconds:i backoffLimit:i backoffLimitPerIndex:i completionMode:s completions:i \
      managedBy:s manualSelector:b maxFailedIndexes:i parallelism:i podFailurePolicy:r203 \
      podReplacementPolicy:s scheduling:r193 selector:r5 successPolicy:r191 suspend:b template:r50 \
      ttlSecondsAfterFinished:i
    SuccessPolicy rules:a192
    SuccessPolicyRule succeededCount:i succeededIndexes:s
    JobSchedulingConfiguration disruptionMode:r200 resourceClaims:a199@name schedulingConstraints:r197 \
      schedulingPolicy:r194
    WorkloadPodGroupSchedulingPolicy basic:r196 gang:r195
    WorkloadPodGroupGangSchedulingPolicy minCount:i
    WorkloadPodGroupBasicSchedulingPolicy
    WorkloadPodGroupSchedulingConstraints topology:a198
    TopologyConstraint key:s
    WorkloadPodGroupResourceClaim name:s resourceClaimName:s resourceClaimTemplateName:s
    WorkloadPodGroupDisruptionMode all:r202 single:r201
    WorkloadPodGroupSingleDisruptionMode
    WorkloadPodGroupAllDisruptionMode
    PodFailurePolicy rules:a204
    PodFailurePolicyRule action:s onExitCodes:r206 onPodConditions:a205
    PodFailurePolicyOnPodConditionsPattern status:s type:s
    PodFailurePolicyOnExitCodesRequirement containerName:s operator:s values:ai
    CronJob apiVersion:s kind:s metadata:r8 spec:r209 status:r208
    CronJobStatus active:a34 lastScheduleTime:r2 lastSuccessfulTime:r2
    CronJobSpec concurrencyPolicy:s failedJobsHistoryLimit:i jobTemplate:r210 schedule:s \
      startingDeadlineSeconds:i successfulJobsHistoryLimit:i suspend:b timeZone:s
    JobTemplateSpec metadata:r8 spec:r190
    HorizontalPodAutoscaler apiVersion:s kind:s metadata:r8 spec:r223 status:r212
    HorizontalPodAutoscalerStatus conditions:a222@type currentCPUUtilizationPercentage:i currentMetrics:a213 \
      currentReplicas:i desiredReplicas:i lastScaleTime:r2 observedGeneration:i
    MetricStatus containerResource:r221 external:r220 object:r218 pods:r216 resource:r214 type:s
    ResourceMetricStatus current:r215 name:s
    MetricValueStatus averageUtilization:i averageValue:r68 value:r68
    PodsMetricStatus current:r215 metric:r217
    MetricIdentifier name:s selector:r5
    ObjectMetricStatus current:r215 describedObject:r219 metric:r217
    CrossVersionObjectReference apiVersion:s kind:s name:s
    ExternalMetricStatus current:r215 metric:r217
    ContainerResourceMetricStatus container:s current:r215 name:s
    HorizontalPodAutoscalerCondition lastTransitionTime:r2 message:s observedGeneration:i reason:s status:s \
      type:s
    HorizontalPodAutoscalerSpec behavior:r231 maxReplicas:i metrics:a224 minReplicas:i scaleTargetRef:r219 \
      targetCPUUtilizationPercentage:i
    MetricSpec containerResource:r230 external:r229 object:r228 pods:r227 resource:r225 type:s
    ResourceMetricSource name:s target:r226 targetAverageUtilization:i targetAverageValue:r68
    MetricTarget averageUtilization:i averageValue:r68 type:s value:r68
    PodsMetricSource metric:r217 metricName:s selector:r5 target:r226 targetAverageValue:r68
    ObjectMetricSource averageValue:r68 describedObject:r219 metric:r217 metricName:s selector:r5 target:? \
      targetValue:r68
    ExternalMetricSource metric:r217 metricName:s metricSelector:r5 target:r226 targetAverageValue:r68 \
      targetValue:r68
    ContainerResourceMetricSource container:s name:s target:r226 targetAverageUtilization:i \
      targetAverageValue:r68
    HorizontalPodAutoscalerBehavior scaleDown:r232 scaleUp:r232
    HPAScalingRules policies:a233 selectPolicy:s stabilizationWindowSeconds:i tolerance:r68
    HPAScalingPolicy periodSeconds:i type:s value:i
    StatefulSet apiVersion:s kind:s metadata:r8 spec:r237 status:r235
    StatefulSetStatus availableReplicas:i collisionCount:i conditions:a236@type currentReplicas:i \
      currentRevision:s observedGeneration:i readyReplicas:i replicas:i updateRevision:s updatedReplicas:i
    StatefulSetCondition lastTransitionTime:r2 message:s reason:s status:s type:s
    StatefulSetSpec minReadySeconds:i ordinals:r241 persistentVolumeClaimRetentionPolicy:r240 \
      podManagementPolicy:s replicas:i revisionHistoryLimit:i selector:r5 serviceName:s template:r50 \
      updateStrategy:r238 volumeClaimTemplates:a180
    StatefulSetUpdateStrategy rollingUpdate:r239 type:s
    RollingUpdateStatefulSetStrategy maxUnavailable:r7 partition:i
    StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:s whenScaled:s
    StatefulSetOrdinals start:i
    ReplicaSet apiVersion:s kind:s metadata:r8 spec:r245 status:r243
    ReplicaSetStatus availableReplicas:i conditions:a244@type fullyLabeledReplicas:i observedGeneration:i \
      readyReplicas:i replicas:i terminatingReplicas:i
    ReplicaSetCondition lastTransitionTime:r2 message:s reason:s status:s type:s
    ReplicaSetSpec minReadySeconds:i replicas:i selector:r5 template:r50
    Deployment apiVersion:s kind:s metadata:r8 spec:r249 status:r247
    DeploymentStatus availableReplicas:i collisionCount:i conditions:a248@type observedGeneration:i \
      readyReplicas:i replicas:i terminatingReplicas:i unavailableReplicas:i updatedReplicas:i
    DeploymentCondition lastTransitionTime:r2 lastUpdateTime:r2 message:s reason:s status:s type:s
    DeploymentSpec minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i \
      rollbackTo:? selector:r5 strategy:r250 template:r50
    DeploymentStrategy rollingUpdate:r251 type:s
    RollingUpdateDeployment maxSurge:r7 maxUnavailable:r7
    DaemonSet apiVersion:s kind:s metadata:r8 spec:r255 status:r253
    DaemonSetStatus collisionCount:i conditions:a254@type currentNumberScheduled:i desiredNumberScheduled:i \
      numberAvailable:i numberMisscheduled:i numberReady:i numberUnavailable:i observedGeneration:i \
      updatedNumberScheduled:i
    DaemonSetCondition lastTransitionTime:r2 message:s reason:s status:s type:s
    DaemonSetSpec minReadySeconds:i revisionHistoryLimit:i selector:r5 template:r50 templateGeneration:i \
      updateStrategy:r256
    DaemonSetUpdateStrategy rollingUpdate:r257 type:s
    RollingUpdateDaemonSet maxSurge:r7 maxUnavailable:r7
    """
