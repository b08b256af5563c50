"""Pictures of dashboards: each panel's rows as Vega-Lite, drawn without browser or network."""
