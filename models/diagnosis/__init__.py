"""Which fault explains what is seen? (ISO 13374: HA.) Physics first, then what closed orders taught."""
