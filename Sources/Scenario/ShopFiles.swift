/// The files of a small shop: three near-identical manifests, a ConfigMap's worth of variables, and the code that reads them.
struct ShopFiles {
    /// The image tag of each workload.
    var tags = ["storefront": "r118", "checkout": "r118", "mailer": "r117"]
    /// Whether the manifests and the code still know the old metrics key.
    var hasMetricsKey = true
    /// Whether the mailer's manifest lost one line too few with it.
    var hasLeftover = false
    /// The name of the variable for the courier's address.
    var courierName = "SHOP_COURIER_URL"
    /// Replicas of the storefront.
    var storefrontReplicas = 6

    static let workloads = ["storefront", "checkout", "mailer"]

    func manifest(of workload: String) -> String {
        let replicas = workload == "storefront" ? storefrontReplicas : workload == "checkout" ? 4 : 8
        var lines = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: \(workload)
              annotations:
                kubernetes.io/change-cause: {CHANGE_CAUSE}
            spec:
              replicas: \(replicas)
              selector:
                matchLabels:
                  app: \(workload)
              template:
                metadata:
                  labels:
                    app: \(workload)
                spec:
                  containers:
                    - name: \(workload)
                      image: "registry.example.com/shop/\(workload):{TAG_\(workload.uppercased())}"
                      # tag: \(tags[workload] ?? "")
                      ports:
                        - containerPort: 8080
                      envFrom:
                        - configMapRef:
                            name: shop-settings
                    - name: courier
                      image: "registry.example.com/shop/courier:{TAG_COURIER}"
                      env:
                        - name: SHOP_SMS_USER
                          valueFrom:
                            secretKeyRef:
                              name: sms-gateway
                              key: user
                        - name: SHOP_SMS_PASSWORD
                          valueFrom:
                            secretKeyRef:
                              name: sms-gateway
                              key: password

            """.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        if hasMetricsKey {
            lines += [
                "            - name: SHOP_METRICS_USER", "              valueFrom:",
                "                secretKeyRef:",
                "                  name: metrics-account", "                  key: user",
            ]
        } else if hasLeftover, workload == "mailer" {
            lines.append("                  key: user")
        }
        lines += [
            "          readinessProbe:", "            httpGet:", "              path: /ready",
            "              port: 3001",
            "            periodSeconds: 5",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    var settings: String {
        """
        # Settings that every service of the shop reads, by way of the ConfigMap shop-settings
        SHOP_ENVIRONMENT=production
        SHOP_PUBLIC_HOST=shop.example.com
        SHOP_DB_HOST=db.internal
        SHOP_DB_POOL_SIZE=20
        \(courierName)=http://localhost:3001
        SHOP_ORDER_TIMEOUT_SECONDS=30

        """
    }

    var developmentSettings: String {
        """
        SHOP_ENVIRONMENT=development
        SHOP_PUBLIC_HOST=localhost:8080
        SHOP_DB_HOST=localhost
        SHOP_DB_POOL_SIZE=2
        \(courierName)=http://localhost:3001
        SHOP_ORDER_TIMEOUT_SECONDS=300

        """
    }

    var courierSource: String {
        """
        package courier

        import "os"

        // Sends a text message when an order leaves the house.
        func credentials() (string, string) {
            return os.Getenv("SHOP_SMS_USER"), os.Getenv("SHOP_SMS_PASSWORD")
        }
        \(hasMetricsKey ? "\nfunc metricsUser() string { return os.Getenv(\"SHOP_METRICS_USER\") }\n" : "")
        """
    }

    var shopSource: String {
        """
        package shop

        import "os"

        // Where orders hand over their messages.
        var courier = os.Getenv("\(courierName)")

        var database = os.Getenv("SHOP_DB_HOST")

        """
    }

    /// All of them, by path.
    var all: [String: String] {
        var files = [
            "config/production.env": settings, "config/development.env": developmentSettings,
            "courier/credentials.go": courierSource, "shop/settings.go": shopSource,
        ]
        for workload in Self.workloads {
            files["deploy/\(workload)/\(workload).yaml.template"] = manifest(of: workload)
        }
        return files
    }
}
