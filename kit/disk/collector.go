package disk

import "github.com/prometheus/client_golang/prometheus"

// collector reports the space at every scrape.
type collector struct {
	path       string
	free, size *prometheus.Desc
}

// NewCollector reports the space of the file system that the folder at path is on. name stands for it in the label folder. There
// are no samples while the system does not tell the space, as while the folder does not exist.
func NewCollector(name, path string) prometheus.Collector {
	labels := prometheus.Labels{"folder": name}
	return &collector{
		path: path,
		free: prometheus.NewDesc("tallygate_disk_free_bytes", "Bytes that the service can still write to the disk of the folder.", nil, labels),
		size: prometheus.NewDesc("tallygate_disk_size_bytes", "Size of the disk of the folder.", nil, labels),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(all chan<- *prometheus.Desc) {
	all <- c.free
	all <- c.size
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(all chan<- prometheus.Metric) {
	free, size, err := space(c.path)
	if err != nil {
		return
	}
	all <- prometheus.MustNewConstMetric(c.free, prometheus.GaugeValue, float64(free))
	all <- prometheus.MustNewConstMetric(c.size, prometheus.GaugeValue, float64(size))
}
